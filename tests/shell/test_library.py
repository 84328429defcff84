"""The library: what every step relies on."""

from __future__ import annotations

import os

import pytest

from .library_shell import TEMPORARY_FAILURE, shell, status
from .sandbox import Outcome, Sandbox
from .service_stubs import SHOWN, SILENT

# --- strict ---


def test_a_forgotten_failure_names_line_and_command(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, "broken() { false; }\nbroken\necho reached")
    assert outcome.code == 1
    assert "reached" not in outcome.log
    assert "in broken: exit 1: false" in outcome.log
    assert status(sandbox)["state"] == "failed"


def test_a_failure_in_a_substitution_stops_and_is_told_once(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, 'inner() { false; echo went on; }\nx=$(inner)\necho "$x"')
    assert outcome.code == 1
    assert outcome.levels == ["error"]
    assert "went on" not in outcome.log


def test_a_reason_given_in_a_subshell_is_not_written_over(sandbox: Sandbox) -> None:
    sandbox.stub("curl", "echo 'could not resolve host' >&2; exit 6")
    outcome = shell(sandbox, "text=$(retry 1 0 curl somewhere)\necho reached")
    assert outcome.code == 1
    assert "curl failed 1 times (exit 6): could not resolve host" in status(sandbox)["message"]
    assert "reached" not in outcome.log
    waiting = shell(sandbox, "text=$(waiting 'no peer' 'add it')")
    assert waiting.code == TEMPORARY_FAILURE
    assert status(sandbox)["state"] == "waiting"


def test_an_error_of_several_lines_is_one_line_of_log(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, "fail $'first\\nsecond' 'look'")
    assert [line.split(maxsplit=2)[2] for line in outcome.log.splitlines()] == [
        "-: first second",
        "-: what to do: look",
    ]


# --- ask, await, retry ---


@pytest.mark.parametrize(
    ("body", "answer"),
    [("true", 0), ("false; true", 1), ("[[ a == b ]]; true", 1), ("exit 3", 3), ("no_such_tool; true", 127)],
)
def test_ask_never_loses_errexit(sandbox: Sandbox, body: str, answer: int) -> None:
    outcome = shell(sandbox, f'question() {{ {body}; }}\nask question\necho "answer=$ANSWER" "$-"')
    assert f"answer={answer} " in outcome.log
    assert "e" in outcome.log.split("answer=")[1].split()[1], "errexit is on again"
    assert outcome.code == 0


def test_ask_keeps_output_and_the_last_line_of_errors(sandbox: Sandbox) -> None:
    body = 'q() { echo out; echo a >&2; echo b >&2; return 1; }\nask q\necho "[$LAST_ERROR] [$(<"$WORK/answer")]"'
    assert "[b] [out]" in shell(sandbox, body).log


def test_a_reason_is_the_same_each_time_that_curl_gives_it(sandbox: Sandbox) -> None:
    said = "curl: (7) Failed to connect to 100.64.0.1 port 6443 after 47 ms: Could not connect to server"
    body = f"q() {{ echo '{said}' >&2; return 1; }}\nask q\necho \"[$LAST_ERROR]\""
    assert f"[{said.replace(' after 47 ms', '')}]" in shell(sandbox, body).log


def test_a_question_cannot_change_the_shell(sandbox: Sandbox) -> None:
    assert "x=before" in shell(sandbox, "x=before\nq() { x=after; cd /; }\nask q\necho x=$x").log


def test_await_asks_until_yes(sandbox: Sandbox) -> None:
    body = 'q() { echo x >>"$ROOT/tries"; (($(wc -l <"$ROOT/tries") >= 3)); }\nawait 30 peer "start it" q\necho reached'
    outcome = shell(sandbox, body)
    assert "reached" in outcome.log
    assert outcome.levels == ["wait"], "said once, not at each try"
    assert status(sandbox)["state"] == "running"


def test_await_ends_as_waiting(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, "q() { echo 'still away' >&2; false; }\nawait 0 peer 'start it' q\necho reached")
    assert outcome.code == TEMPORARY_FAILURE
    told = status(sandbox)
    assert (told["state"], told["message"], told["next"]) == ("waiting", "no peer yet: still away", "start it")
    assert "reached" not in outcome.log


def test_a_shorter_patience_can_be_asked_for(sandbox: Sandbox) -> None:
    assert shell(sandbox, "await 600 peer 'start it' false", WAIT_LIMIT="0").code == TEMPORARY_FAILURE


def test_retry_prints_the_output_of_the_attempt_that_succeeded(sandbox: Sandbox) -> None:
    sandbox.stub(
        "tool", 'echo "out $(wc -l <"$ROOT/calls")"; (($(wc -l <"$ROOT/calls") >= 3)) || { echo no >&2; exit 4; }'
    )
    outcome = shell(sandbox, 'got=$(retry 5 0 tool "a b")\necho "[$got]"')
    assert "[out 3]" in outcome.log
    assert outcome.calls == ["tool a b"] * 3
    assert outcome.levels == ["retry", "retry"]


def test_retry_is_bounded_and_keeps_the_last_error(sandbox: Sandbox) -> None:
    sandbox.stub("tool", "echo 'disk is full' >&2; exit 9")
    outcome = shell(sandbox, "retry 2 0 tool\necho reached")
    assert outcome.code == 1
    assert outcome.calls == ["tool"] * 2
    assert status(sandbox)["message"] == "tool failed 2 times (exit 9): disk is full"


# --- file ---


def test_write_file_makes_folders_and_sets_the_mode(sandbox: Sandbox) -> None:
    assert shell(sandbox, 'write_file "$ROOT/etc/a/b.conf" x 600').code == 0
    written = sandbox.root / "etc/a/b.conf"
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("x\n", 0o600)
    assert [path.name for path in written.parent.iterdir()] == ["b.conf"]


def test_write_file_does_not_touch_what_is_right(sandbox: Sandbox) -> None:
    written = sandbox.write("/etc/a.conf", "x\n", 0o600)
    before = written.stat()
    shell(sandbox, 'write_file "$ROOT/etc/a.conf" x 600')
    assert (written.stat().st_ino, written.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    shell(sandbox, 'write_file "$ROOT/etc/a.conf" x 644')
    assert written.stat().st_mode & 0o777 == 0o644


def test_write_file_replaces_at_once_and_takes_over_a_killed_run(sandbox: Sandbox) -> None:
    written = sandbox.write("/etc/a.conf", "old\n")
    sandbox.write("/etc/.a.conf.new", "half")
    with written.open() as reader:
        shell(sandbox, 'write_file "$ROOT/etc/a.conf" new 644')
        assert reader.read() == "old\n", "another inode: a reader never sees half"
    assert written.read_text() == "new\n"
    assert not sandbox.exists("/etc/.a.conf.new")


def test_write_file_replaces_a_link_not_its_target(sandbox: Sandbox) -> None:
    target = sandbox.write("/etc/target", "theirs\n")
    (sandbox.root / "etc/a.conf").symlink_to(target)
    shell(sandbox, 'write_file "$ROOT/etc/a.conf" theirs 644')
    assert not (sandbox.root / "etc/a.conf").is_symlink()
    assert target.read_text() == "theirs\n"


def test_a_secret_is_never_readable_by_others_on_its_way(sandbox: Sandbox) -> None:
    sandbox.stub("chmod", 'stat -c %a "$2" >>"$ROOT/modes"; exit 1')
    assert shell(sandbox, 'write_file "$ROOT/etc/key" key 600').code == 1
    assert set(sandbox.read("/modes").split()) == {"600"}


def test_edit_file_keeps_the_mode(sandbox: Sandbox) -> None:
    written = sandbox.write("/etc/fstab", "old\n", 0o640)
    edit = "sed s/old/new/"
    asked = f'ask is_edited "$ROOT/etc/fstab" {edit}; echo "edited=$ANSWER"'
    outcome = shell(sandbox, f'{asked}\nedit_file "$ROOT/etc/fstab" {edit}\n{asked}')
    assert (outcome.code, outcome.log) == (0, "edited=1\nedited=0\n")
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("new\n", 0o640)


def test_a_file_that_cannot_be_edited_is_not_taken_for_edited(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, 'ask is_edited "$ROOT/etc/fstab" cat; echo "edited=$ANSWER"')
    assert outcome.log == "edited=1\n"


def test_fill_tailnet_address(sandbox: Sandbox) -> None:
    outcome = shell(sandbox, "fill_tailnet_address $'a: __TAILNET_ADDRESS__\\nb: [__TAILNET_ADDRESS__]' 100.64.0.7")
    assert outcome.log == "a: 100.64.0.7\nb: [100.64.0.7]\n"


# --- download ---


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CURL = 'while (($# > 0)); do [[ $1 == --output ]] && out=$2; shift; done; printf "%s" "$CONTENT" >"$out"'


def test_a_download_is_held_to_its_checksum(sandbox: Sandbox) -> None:
    sandbox.stub("curl", CURL)
    get = f'download https://example.net/a {EMPTY} "$ROOT/opt/a"'
    assert shell(sandbox, get, CONTENT="").code == 0
    assert sandbox.exists("/opt/a")
    assert not sandbox.exists("/opt/a.new")


def test_a_download_with_another_checksum_is_not_installed(sandbox: Sandbox) -> None:
    sandbox.stub("curl", CURL)
    sandbox.write("/opt/a", "the old one")
    outcome = shell(sandbox, f'download https://example.net/a {EMPTY} "$ROOT/opt/a"', CONTENT="evil")
    assert outcome.code == 1
    assert "nothing was installed" in outcome.log
    assert sandbox.read("/opt/a") == "the old one"
    assert not sandbox.exists("/opt/a.new")


# --- service ---


@pytest.mark.parametrize(("since", "reload", "answer"), [("2000", "no", 0), ("500", "no", 1), ("2000", "yes", 1)])
def test_a_service_is_current_when_younger_than_what_it_reads(
    sandbox: Sandbox, since: str, reload: str, answer: int
) -> None:
    sandbox.stub("systemctl", f"{SHOWN}shown active enabled")
    assert f"answer={answer}\n" in asked_whether_current(sandbox, STARTED=since, RELOAD=reload).log


@pytest.mark.parametrize("state", ["activating enabled", "failed enabled", "active disabled", "inactive ''"])
def test_a_service_that_does_not_run_or_would_not_at_boot_is_not_current(sandbox: Sandbox, state: str) -> None:
    sandbox.stub("systemctl", f"{SHOWN}shown {state}")
    assert "answer=1\n" in asked_whether_current(sandbox, STARTED="2000").log


def asked_whether_current(sandbox: Sandbox, **environment: str) -> Outcome:
    os.utime(sandbox.write("/etc/a.conf", "x"), (1000, 1000))
    return shell(sandbox, 'ask service_is_current a.service "$ROOT/etc/a.conf"\necho "answer=$ANSWER"', **environment)


def test_a_bus_that_timed_out_is_asked_once_more(sandbox: Sandbox) -> None:
    sandbox.stub("systemctl", f'[[ -e $ROOT/asked ]] || {{ : >"$ROOT/asked"; {SILENT}; }}\n{SHOWN}shown active enabled')
    assert "answer=0\n" in asked_whether_current(sandbox, STARTED="2000").log


def test_a_bus_that_never_answers_says_nothing_about_a_service(sandbox: Sandbox) -> None:
    sandbox.stub("systemctl", SILENT)
    outcome = asked_whether_current(sandbox)
    assert "answer=2\n" in outcome.log
    assert len(outcome.calls) == 2


def test_restart_service(sandbox: Sandbox) -> None:
    sandbox.stub("systemctl")
    calls = shell(sandbox, "restart_service a.service").calls
    assert calls == ["systemctl enable --quiet a.service", "systemctl restart a.service"]
