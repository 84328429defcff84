"""The login state machine: what follows from each BackendState, and that no auth key is wasted or told."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Outcome, Sandbox
from tests.shell.tailscale_stub import ADDRESS, TAILSCALE, logged_in, stub_tailscale

KEY = "hskey-auth-U8kPq-secret"
KEY_FILE = "etc/meshstrap/secrets/auth_key"
RECORD = "var/lib/meshstrap/tailnet_address"
CHANGES = ("tailscale up", "tailscale set")


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A machine that was never logged in, with an auth key."""
    sandbox.header |= {"LOGIN_SERVER": "https://hs.example.net", "TAILNET_TAGS": ("tag:k8s-node", "tag:lab")}
    sandbox.write("dev/console", "")
    sandbox.write(KEY_FILE, KEY + "\n", 0o600)
    stub_tailscale(sandbox)
    return sandbox


def run(machine: Sandbox) -> Outcome:
    """One run without patience, in which the key is never told."""
    done = machine.run("tailnet", environment={"WAIT_LIMIT": "0"})
    told = done.log + "\n".join(done.calls) + machine.read("var/lib/meshstrap/status.json")
    assert KEY not in told
    return done


def ups(done: Outcome) -> list[str]:
    """The logins among the calls."""
    return [call for call in done.calls if call.startswith("tailscale up")]


def test_a_new_machine_logs_in_with_its_key(machine: Sandbox) -> None:
    done = run(machine)
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    (login,) = ups(done)
    assert login == (
        "tailscale up --reset --hostname=w1 --accept-dns=false --accept-routes=false"
        f" --login-server=https://hs.example.net --auth-key=file:{machine.root}/{KEY_FILE} --timeout=60s"
    )
    assert machine.read(RECORD) == f"{ADDRESS}\n"
    assert not machine.exists(KEY_FILE)


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    run(machine)
    again = machine.run("tailnet")
    assert (again.code, again.levels) == (0, ["ok", "summary"]), again.log
    assert not [call for call in again.calls if call.startswith(CHANGES)]


def test_tailscales_own_server_is_asked_for_the_tags(machine: Sandbox) -> None:
    machine.header |= {"LOGIN_SERVER": ""}
    (login,) = ups(run(machine))
    assert "--advertise-tags=tag:k8s-node,tag:lab" in login
    assert "--login-server" not in login


def test_a_running_node_never_uses_a_key(machine: Sandbox) -> None:
    logged_in(machine)
    done = run(machine)
    assert (done.code, ups(done), machine.exists(KEY_FILE)) == (0, [], False), done.log


def test_only_settings_differ(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    logged_in(machine)
    machine.write("state/dns", "true")
    done = run(machine)
    assert [c for c in done.calls if c.startswith(CHANGES)] == [
        "tailscale set --hostname=w1 --accept-dns=false --accept-routes=false"
    ]


@pytest.mark.parametrize("text", ["authkey already used", "authkey expired", f"invalid key {KEY}"])
def test_a_key_that_is_no_good(machine: Sandbox, text: str) -> None:
    machine.write("state/outcome", text)
    done = run(machine)
    assert done.code == 75
    assert text.replace(KEY, "KEY") in done.log
    assert f"put a fresh auth key into {machine.root}/{KEY_FILE}" in done.log
    assert machine.exists(KEY_FILE)


def test_a_login_that_went_well_but_says_otherwise(machine: Sandbox) -> None:
    machine.write("state/outcome", "late")
    assert run(machine).code == 0
    assert not machine.exists(KEY_FILE)


def test_without_a_key_it_shows_the_login_url(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    done = run(machine)
    assert done.code == 75
    assert "--advertise-tags=tag:k8s-node,tag:lab" in ups(done)[0]
    for place in (done.log, machine.read("dev/console"), machine.read("var/lib/meshstrap/status.json")):
        assert "https://login.example.net/a/1234" in place
    status = machine.root / "var/lib/meshstrap/status.json"
    assert status.stat().st_mode & 0o777 == 0o600, "whoever opens the URL takes the machine into a tailnet of theirs"
    again = run(machine)
    assert (again.code, ups(again)) == (75, []), "the URL that is open is shown again, not replaced"
    machine.write("state/backend", "Running")
    assert run(machine).code == 0
    assert status.stat().st_mode & 0o777 == 0o644


def test_a_login_by_hand_whose_tags_are_refused_says_so_and_which_policy_allows_them(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    refusal = "The last login error was: requested tags [tag:k8s-node] are invalid or not permitted"
    machine.write("state/health", f"You are logged out. {refusal}\n")
    done = run(machine)
    assert done.code == 75
    assert refusal in done.log
    assert "if its tags are refused: invoke policy" in done.log


def test_a_machine_without_a_console_waits_all_the_same(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    (machine.root / "dev/console").unlink()
    (machine.root / "dev").rmdir()
    assert run(machine).code == 75


def test_it_waits_for_approval(machine: Sandbox) -> None:
    machine.write("state/outcome", "approve")
    done = run(machine)
    assert done.code == 75
    assert "approve w1 in the admin console" in done.log
    assert len(ups(run(machine))) == 0


def test_stopped_is_started_with_nothing_but_up(machine: Sandbox) -> None:
    logged_in(machine)
    machine.write("state/backend", "Stopped")
    done = run(machine)
    assert (done.code, ups(done)) == (0, ["tailscale up"]), done.log


@pytest.mark.parametrize("backend", ["NoState", "Starting"])
def test_without_the_coordination_server_it_waits(machine: Sandbox, backend: str) -> None:
    logged_in(machine)
    machine.write("state/backend", backend)
    machine.write("state/health", "x509: certificate signed by unknown authority")
    done = run(machine)
    assert (done.code, ups(done)) == (75, [])
    assert f"{backend}: x509: certificate signed by unknown authority" in done.log
    assert machine.exists(KEY_FILE)


def test_tailscaled_does_not_answer(machine: Sandbox) -> None:
    machine.write("state/dead", "")
    done = run(machine)
    assert (done.code, ups(done)) == (75, [])
    assert "tailscaled says nothing" in done.log


def test_an_expired_node_of_headscale_keeps_its_key_unspent(machine: Sandbox) -> None:
    logged_in(machine)
    machine.write("state/backend", "NeedsLogin")
    machine.write("state/expired", "true")
    done = run(machine)
    assert (done.code, ups(done), machine.exists(KEY_FILE)) == (75, [], True)
    assert "headscale nodes expire --disable" in done.log


def test_a_logged_out_node_of_headscale_takes_a_key_that_a_person_brings(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    logged_in(machine)
    machine.write("state/backend", "NeedsLogin")
    (machine.root / "state/node_key").unlink()
    done = run(machine)
    assert (done.code, ups(done)) == (75, [])
    assert "headscale nodes expire --disable" in done.log
    machine.write(KEY_FILE, KEY + "\n", 0o600)
    assert run(machine).code == 0


def test_an_expired_node_of_tailscale_logs_in_again(machine: Sandbox) -> None:
    machine.header |= {"LOGIN_SERVER": ""}
    logged_in(machine)
    machine.write("state/backend", "NeedsLogin")
    machine.write("state/expired", "true")
    assert run(machine).code == 0


def test_a_taken_name(machine: Sandbox) -> None:
    machine.write("state/taken", "-1")
    done = run(machine)
    assert done.code == 75
    assert 'this machine is called "w1-1"' in done.log
    assert "delete the other machine of that name" in done.log
    (machine.root / "state/taken").unlink()
    assert run(machine).code == 0


def test_another_address_than_before_stops(machine: Sandbox) -> None:
    machine.write(RECORD, "100.64.0.9\n")
    (machine.root / "state/node_key").unlink(missing_ok=True)
    done = run(machine)
    assert (done.code, done.levels[-2:]) == (1, ["error", "error"])
    assert f"is {ADDRESS}, not 100.64.0.9" in done.log
    assert machine.read(RECORD) == "100.64.0.9\n"
    assert run(machine).code == 1, "it stays stopped"


def test_apply_fails(machine: Sandbox) -> None:
    logged_in(machine)
    machine.write("state/dns", "true")
    machine.stub(
        "tailscale", f"S={machine.root}/state\n[[ $1 != set ]] || {{ echo 'access denied' >&2; exit 1; }}\n" + TAILSCALE
    )
    done = run(machine)
    assert done.code == 1
    assert "tailscale failed 1 times (exit 1): access denied" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.root / KEY_FILE).unlink()
    logged_in(machine)
    (machine.bin / "ip").unlink()
    done = run(machine)
    assert done.code == 1
    assert "cannot tell" in done.log
