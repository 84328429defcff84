"""The status file, the step loop and the command line of bootstrap.sh."""

from __future__ import annotations

import fcntl
import json
import re
import signal
from pathlib import Path

import pytest

from .library_shell import STEPS, script, shell, status
from .sandbox import Sandbox

# --- status ---


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "\\",
        "a\nb",
        "tab\there",
        "\x01\x1b[31m",
        "}{],[",
        '","state":"converged"',
        "\\u0041",
        "$(id) `id`",
        "가나다 é",
    ],
)
def test_status_is_json_whatever_the_text(sandbox: Sandbox, text: str) -> None:
    says = 'fact "$TEXT" "$TEXT"; fail "$TEXT" "$TEXT"'
    outcome = shell(sandbox, f"STEP=some_step; STEP_STARTED[$STEP]=$(now); {says}", TEXT=text)
    assert outcome.code == 1
    told = status(sandbox)
    assert told["state"] == "failed"
    if text.isascii() and text.isprintable():
        assert told["message"] == told["next"] == text
        assert told["facts"] == {text: text}


def test_status_is_json_when_a_character_is_cut_in_half(sandbox: Sandbox) -> None:
    assert shell(sandbox, "fail $'caf\\xc3' ''").code == 1
    assert status(sandbox)["message"] == "caf?"


def test_status_says_what_a_person_wants_to_know(sandbox: Sandbox) -> None:
    script(sandbox)
    told = status(sandbox)
    assert told["schema"] == 1
    assert (told["node"], told["role"], told["state"], told["tries"]) == ("w1", "worker", "converged", 1)
    assert told["plan_hash"] == "0" * 16
    assert told["facts"] == {"colour": 'dark "red"'}
    assert [(step["name"], step["state"]) for step in told["steps"]] == [("one", "changed"), ("two", "changed")]
    assert (sandbox.root / "var/lib/meshstrap/status.json").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_does_not_hide_the_error(sandbox: Sandbox) -> None:
    sandbox.stub("sync", "exit 1")
    outcome = shell(sandbox, "fail 'the real reason' 'look'")
    assert outcome.code == 1
    assert "the real reason" in outcome.log
    assert "cannot write" in outcome.log
    assert "the real reason" in script(sandbox, "--status").log, "kept on tmpfs"
    sandbox.stub("sync")
    shell(sandbox, "record running 'all is well' ''")
    assert "all is well" in script(sandbox, "--status").log
    assert not sandbox.exists("/run/meshstrap-status.json")


def test_a_unit_that_is_stopped_has_not_failed(sandbox: Sandbox) -> None:
    """systemd sends SIGTERM to all processes of a unit until it sees no new one: to what cleans up as well."""
    stopped = "record waiting 'for a server' look; rm() { [[ $1 != -rf ]] || return 143; }; kill -TERM $$"
    assert script(sandbox, steps=STEPS.replace(': >"$ROOT/two"', stopped)).code == -signal.SIGTERM
    told = status(sandbox)
    assert (told["state"], told["message"]) == ("waiting", "for a server")


def test_tries_are_counted_until_it_converges(sandbox: Sandbox) -> None:
    broken = STEPS.replace(': >"$ROOT/two"', "false")
    for expected in (1, 2, 3):
        assert script(sandbox, steps=broken).code == 1
        assert status(sandbox)["tries"] == expected
    assert script(sandbox).code == 0
    assert status(sandbox)["tries"] == 4, "the fourth run did it"
    script(sandbox)
    assert status(sandbox)["tries"] == 1


def test_a_failed_step_is_named_and_the_rest_is_pending(sandbox: Sandbox) -> None:
    script(sandbox, steps=STEPS.replace(': >"$ROOT/one"', "echo oh no >&2; false"))
    told = status(sandbox)
    assert (told["step"], told["state"]) == ("one", "failed")
    assert [step["state"] for step in told["steps"]] == ["failed", "pending"]


def test_who_looks_at_the_status_and_goes_away_changes_nothing_of_it(sandbox: Sandbox) -> None:
    script(sandbox)
    before = status(sandbox)
    # As with `--status | head`.
    sandbox.stub("python3", "echo 'BrokenPipeError: [Errno 32] Broken pipe' >&2; exit 1")
    assert script(sandbox, "--status").code == 1
    assert status(sandbox) == before


def test_the_status_is_shown_to_people(sandbox: Sandbox) -> None:
    before = script(sandbox, "--status")
    assert before.code == 1
    assert "no run has begun here yet" in before.log
    assert not sandbox.exists("/var/lib/meshstrap/status.json")
    script(sandbox, steps=STEPS.replace(': >"$ROOT/two"', "waiting 'no peer' 'add it'"))
    told = status(sandbox)
    shown = script(sandbox, "--status")
    assert shown.code == 0
    assert re.sub(r"\d+ s\n", "0 s\n", shown.log).splitlines() == [
        f"w1 (worker): waiting, try 1, {told['updated']}",
        "two: no peer",
        "what to do: add it",
        "changed  one 0 s",
        "waiting  two 0 s",
    ]
    script(sandbox)
    assert script(sandbox, "--status").log.splitlines()[1:3] == ["-: this node is as planned", 'colour: dark "red"']


def test_a_run_says_at_once_that_it_has_begun(sandbox: Sandbox) -> None:
    script(sandbox)
    look = 'cp "$ROOT/var/lib/meshstrap/status.json" "$ROOT/seen"; '
    script(sandbox, steps=STEPS.replace("[[ -e $ROOT/one ]]", look + "[[ -e $ROOT/one ]]"))
    told = json.loads(sandbox.read("/seen"))
    assert (told["state"], told["step"], told["message"]) == ("running", "-", "checking")
    assert {step["state"] for step in told["steps"]} == {"pending"}, "what held in an earlier run may not hold now"


def test_a_step_that_has_ended_is_not_said_to_run(sandbox: Sandbox) -> None:
    look = 'cp "$ROOT/var/lib/meshstrap/status.json" "$ROOT/seen"; '
    script(
        sandbox,
        steps=STEPS.replace("[[ -e $ROOT/two ]]", look + "[[ -e $ROOT/two ]]", 1).replace(': >"$ROOT/two"', "false"),
    )
    told = json.loads(sandbox.read("/seen"))
    assert (told["state"], told["step"]) == ("running", "-")
    assert [step["state"] for step in told["steps"]] == ["changed", "pending"]


# --- step ---


def test_a_step_that_did_not_work_is_an_error(sandbox: Sandbox) -> None:
    outcome = script(sandbox, steps=STEPS.replace(': >"$ROOT/one"', ":"))
    assert outcome.code == 1
    assert "one: not converged after apply (exit 1)" in outcome.log


def test_a_step_that_cannot_tell_changes_nothing(sandbox: Sandbox) -> None:
    outcome = script(sandbox, steps=STEPS.replace("[[ -e $ROOT/one ]]", "cannot_tell 'no answer from it'"))
    assert outcome.code == 1
    assert "one: cannot tell the current state (exit 2): no answer from it" in outcome.log
    assert not sandbox.exists("/one")


def test_a_check_that_cannot_tell_goes_on_to_the_next_step(sandbox: Sandbox) -> None:
    outcome = script(sandbox, "--check", steps=STEPS.replace("[[ -e $ROOT/one ]]", "cannot_tell 'no answer from it'"))
    assert outcome.code == 1
    assert "one: cannot tell (exit 2): no answer from it" in outcome.log
    assert outcome.levels == ["drift", "drift", "summary"]


# --- main ---


def test_second_run_changes_nothing(sandbox: Sandbox) -> None:
    first = script(sandbox)
    assert (first.code, first.levels) == (0, ["change", "changed", "change", "changed", "summary"])
    second = script(sandbox)
    assert (second.code, second.levels) == (0, ["ok", "ok", "summary"])
    assert "2 steps, changed=0" in second.log


def test_a_converged_node_runs_again_each_week_and_not_all_nodes_at_once(sandbox: Sandbox) -> None:
    sandbox.stub("systemd-run")
    weekly = "systemd-run --unit=meshstrap.service --on-calendar=weekly --timer-property=RandomizedDelaySec=1d"
    for quiet in (["--check"], ["--only", "two"], ["--status"]):
        script(sandbox, *quiet)
        assert not sandbox.exists("/calls"), quiet
    assert script(sandbox).calls == [weekly]
    sandbox.stub("systemd-run", "echo 'Unit meshstrap.timer was already loaded.' >&2; exit 1")
    again = script(sandbox)
    assert (again.code, again.levels, again.calls) == (0, ["ok", "ok", "summary"], [weekly, weekly])
    assert status(sandbox)["state"] == "converged"


def test_check_changes_nothing_and_says_drift(sandbox: Sandbox) -> None:
    outcome = script(sandbox, "--check")
    assert (outcome.code, outcome.levels) == (1, ["drift", "drift", "summary"])
    assert not sandbox.exists("/one")
    assert not sandbox.exists("/var/lib/meshstrap")
    assert list((sandbox.root / "run").iterdir()) == [], "its scratch is gone again"
    script(sandbox)
    before = sandbox.read("/var/lib/meshstrap/status.json")
    assert script(sandbox, "--check").code == 0
    assert sandbox.read("/var/lib/meshstrap/status.json") == before


@pytest.mark.parametrize("arguments", [("--only", "two"), ("--check", "--only", "two"), ("--only", "two", "--check")])
def test_only_runs_one_step_and_leaves_the_status(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    outcome = script(sandbox, *arguments)
    changed = "--check" not in arguments
    assert (outcome.code, sandbox.exists("/two"), sandbox.exists("/one")) == (0 if changed else 1, changed, False)
    assert not sandbox.exists("/var/lib/meshstrap/status.json"), "only a whole run speaks for the machine"


@pytest.mark.parametrize("arguments", [("--only", "three"), ("--only",), ("--only", "")])
def test_only_an_unknown_step(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    outcome = script(sandbox, *arguments)
    assert outcome.code == 1
    assert "one of: one two" in outcome.log
    assert not sandbox.exists("/var/lib/meshstrap/status.json")


def test_list_and_help(sandbox: Sandbox) -> None:
    assert script(sandbox, "--list").log == "one\ntwo\n"
    helped = script(sandbox, "--help")
    assert helped.code == 0
    assert "--check: changes nothing" in helped.log


NEWER = STEPS.replace("check_two() { ", "check_two() { echo ' kubelet=9' >$WORK/newer; [[ $DOWNGRADE == false ]]; ")


def test_what_is_newer_than_the_plan_is_said_of_its_step_alone(sandbox: Sandbox) -> None:
    outcome = script(sandbox, steps=NEWER)
    assert outcome.levels == ["change", "changed", "change", "changed", "warn", "summary"], outcome.log
    assert status(sandbox)["facts"]["two"] == "newer than the plan: kubelet=9"
    assert "two: newer than the plan: kubelet=9" in script(sandbox, "--status", steps=NEWER).log
    checked = script(sandbox, "--check", steps=NEWER)
    assert (checked.code, checked.levels) == (0, ["ok", "ok", "warn", "summary"]), checked.log


def test_newer_is_drift_when_somebody_asks_for_it(sandbox: Sandbox) -> None:
    script(sandbox, steps=NEWER)
    assert script(sandbox, "--downgrade", "--check", steps=NEWER).code == 1


def test_an_unknown_flag_is_a_usage_error(sandbox: Sandbox) -> None:
    outcome = script(sandbox, "--force")
    assert outcome.code == 64
    assert "--check: changes nothing" in outcome.log
    assert not sandbox.exists("/one")


def test_one_run_at_a_time(sandbox: Sandbox) -> None:
    lock = Path(sandbox.root / "run/meshstrap.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = script(sandbox)
        assert outcome.code == 1
        assert "another run is under way" in outcome.log
        assert not sandbox.exists("/var/lib/meshstrap/status.json"), "the status belongs to the run that holds the lock"
        assert script(sandbox, "--check").levels == ["drift", "drift", "summary"], "a check needs no lock"
    assert script(sandbox).code == 0


def test_scratch_is_private_and_removed(sandbox: Sandbox) -> None:
    sandbox.write("/run/meshstrap/left-by-a-killed-run", "x")
    steps = STEPS.replace(': >"$ROOT/one"', 'stat -c %a "$WORK" >"$ROOT/one"; ls -A "$WORK" >>"$ROOT/one"')
    assert script(sandbox, steps=steps).code == 0
    mode, *names = sandbox.read("/one").split()
    assert mode == "700"
    assert "left-by-a-killed-run" not in names
    assert not sandbox.exists("/run/meshstrap")
