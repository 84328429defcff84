"""trusted_ca: the private CA is in the system's bundle."""

from __future__ import annotations

import pytest

from tests.shell.library_shell import facts_of
from tests.shell.sandbox import LIBRARY, Sandbox
from tests.shell.service_stubs import SHOWN, SILENT, changes

STEP = "trusted_ca"
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
CA_FILE = "usr/local/share/ca-certificates/meshstrap.crt"
OPENSSL = r"""
[[ $* != x509* ]] || { echo "notAfter=Nov 30 12:00:00 2028 GMT"; exit; }
[[ ! -e $S/ended || $* == *' -no_check_time '* ]] || { echo 'error 10: certificate has expired' >&2; exit 2; }
grep -q MIIB "$S/bundle" || { echo 'error 20 at 0 depth lookup: no local issuer certificate' >&2; exit 2; }"""

# A unit that runs has a file with the time of its start.
SYSTEMCTL = rf"""{SHOWN}
case $1 in
  show) if [[ -e $S/$3 ]]; then STARTED=$(date -d "$(<"$S/$3")" +%s); shown active enabled; else shown; fi ;;
  restart) [[ ! -e $S/broken ]] || {{ echo 'Job failed.' >&2; exit 1; }}; date -u '+%a %F %T UTC' >"$S/$2" ;;
  enable) ;;
  *) exit 99 ;;
esac"""
BEFORE = "Sun 2026-11-01 10:00:00 UTC\n"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A Debian machine that does not know the CA."""
    sandbox.library = (*LIBRARY, "package_apt", "trust_apt")
    sandbox.header |= {"TRUSTED_CA": CA}
    state = f"S={sandbox.root}/state\n"
    sandbox.write("state/bundle", "")
    sandbox.stub("openssl", state + OPENSSL)
    sandbox.stub("update-ca-certificates", f"{state}cat {sandbox.root}/{CA_FILE} >>$S/bundle")
    sandbox.stub("dpkg")
    sandbox.stub("systemctl", state + SYSTEMCTL)
    return sandbox


def test_the_bundle_takes_it_in(machine: Sandbox) -> None:
    done = machine.run(STEP)
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.read(CA_FILE) == CA + "\n"
    assert "update-ca-certificates" in done.calls


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run(STEP)
    again = machine.run(STEP)
    assert (again.levels, {call.split()[0] for call in again.calls}) == (["ok", "summary"], {"openssl", "systemctl"}), (
        again.log
    )


def test_a_ca_that_never_reached_the_bundle_is_drift(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("state/bundle", "")
    assert machine.run(STEP, check_only=True).levels == ["drift", "summary"]
    assert machine.run(STEP).levels == ["change", "changed", "summary"]


def test_its_end_is_a_fact(machine: Sandbox) -> None:
    machine.run(STEP)
    assert facts_of(machine, STEP) == {f"ends {machine.root}/{CA_FILE}": "2028-11-30T12:00:00Z"}


def test_a_ca_that_has_ended_stops_no_node(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("state/ended", "")
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_missing_tools_come_from_the_distribution(machine: Sandbox) -> None:
    tool = machine.bin / "update-ca-certificates"
    tool.rename(machine.root / "tool")
    machine.stub("dpkg-query", "echo 'ok bash'")
    machine.stub("apt-get", f'case $* in *" install "*) cp {machine.root}/tool {tool} ;; esac')
    done = machine.run(STEP)
    assert done.code == 0, done.log
    assert any(call.endswith(" install ca-certificates curl gpg") for call in done.calls)


def test_apply_fails(machine: Sandbox) -> None:
    machine.stub("update-ca-certificates", "echo 'no space left on device' >&2; exit 1")
    done = machine.run(STEP)
    assert done.code == 1
    assert "no space left on device" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run(STEP)
    (machine.bin / "cmp").unlink()
    done = machine.run(STEP)
    assert done.code == 1
    assert "cannot tell" in done.log


def test_oracle_linux_has_a_place_of_its_own(machine: Sandbox) -> None:
    machine.library = (*LIBRARY, "package_dnf", "trust_dnf")
    machine.stub(
        "update-ca-trust", f"cd {machine.root}; cat etc/pki/ca-trust/source/anchors/meshstrap.crt >state/bundle"
    )
    done = machine.run(STEP)
    assert done.code == 0, done.log
    assert "update-ca-trust extract" in done.calls


def restarted(machine: Sandbox) -> list[str]:
    done = machine.run(STEP)
    assert done.levels[-2:] == ["changed", "summary"], done.log
    return [call.split()[2] for call in done.calls if call.startswith("systemctl restart")]


def test_a_changed_ca_reaches_what_runs_one_by_one_and_only_once(machine: Sandbox) -> None:
    machine.run(STEP)
    for unit in ("containerd", "tailscaled", "kubelet"):
        machine.write(f"state/{unit}", BEFORE)
    machine.header["TRUSTED_CA"] = CA.replace("MIIB", "MIIC\nMIIB")
    assert restarted(machine) == ["containerd", "tailscaled", "kubelet"]
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_what_does_not_run_or_was_started_since_is_left_alone(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("state/containerd", "Fri 2100-01-01 10:00:00 UTC\n")
    machine.write("state/tailscaled", BEFORE)
    assert machine.run(STEP, check_only=True).code == 1
    assert restarted(machine) == ["tailscaled"]


def test_a_run_that_ended_between_two_of_them_goes_on_with_the_next(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("state/containerd", BEFORE)
    machine.write("state/broken", "")
    assert machine.run(STEP).code == 1
    (machine.root / "state/broken").unlink()
    before = (machine.root / CA_FILE).stat().st_mtime_ns
    assert restarted(machine) == ["containerd"]
    assert (machine.root / CA_FILE).stat().st_mtime_ns == before


def test_what_runs_is_not_taken_for_current_because_nobody_answers(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.stub("systemctl", SILENT)
    done = machine.run(STEP)
    assert (done.code, changes(done.calls)) == (1, []), done.log
    assert "cannot tell the current state (exit 2): systemctl does not answer" in done.log
