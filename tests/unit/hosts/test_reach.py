"""The way to a host and back: one command, bounded in time, and what a person reads when nothing comes back."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from meshstrap.errors import NoWay
from meshstrap.ssh import ssh_configuration, ssh_program
from meshstrap.ssh.addresses import parse_tailnet
from meshstrap.ssh.program import Answer, Programs, run_bounded
from meshstrap.verify import asker
from meshstrap.verify.question import Asked
from meshstrap.verify.questions import questions
from meshstrap.verify.reach import SSH_OPTIONS, Unreachable, ask_host, command, node_named
from tests.unit.hosts.green import plan

PYTHON = shlex.quote(sys.executable)


def ran(code: int, out: str = "", err: str = "") -> Answer:
    return Answer(code=code, out=out, err=err)


def small(**commands: str) -> dict[str, object]:
    asked = {name: [text, 5] for name, text in commands.items()}
    return {"texts": [], "modes": [], "places": [], "commands": asked, "settings": {}}


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(asker, "MEMORY", str(tmp_path))


def test_the_command_is_one_short_line_of_ascii_whatever_is_asked() -> None:
    text = command(questions(plan()))
    assert text.isascii()
    assert "\n" not in text
    # Linux takes 131,072 bytes in one argument (MAX_ARG_STRLEN), and quoting it twice must not matter.
    assert len(text) < 20_000
    assert subprocess.run(["sh", "-n", "-c", text], check=False).returncode == 0


def test_the_program_answers_through_a_shell_as_over_ssh(tmp_path: Path) -> None:
    asked = Asked()
    # Python without -I would find nothing else either; sudo is not asked for by root, and refused to others here.
    line = command(asked).replace("sudo -n python3", "python3").replace("python3 -", f"{PYTHON} -")
    line = line.replace("exec ", "")
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.stdout.startswith("\n"), ran.stderr
    assert json.loads(ran.stdout) == {"texts": {}, "modes": {}, "places": {}, "commands": {}}


def test_the_first_sign_of_a_host_comes_before_anything_that_is_slow_to_start() -> None:
    ran = subprocess.run(["/bin/sh", "-c", command(Asked())], capture_output=True, check=False, env={"PATH": "/none"})
    assert ran.stdout == b"\n"


def test_a_person_may_give_a_slow_machine_more_time_to_connect(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("Host w1\n  ConnectTimeout 31\n")
    configuration = tmp_path / "ssh_config"
    configuration.write_text(ssh_configuration({"w1": "ubuntu"}, {}, str(tmp_path / "own")))
    argv = [ssh_program(), "-F", str(configuration), *SSH_OPTIONS, "-G", "w1"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "connecttimeout 31" in said


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    answer = asker.run(f"sleep 60 & echo $! >{tmp_path / 'pid'}; sleep 60", 0.5, {"PATH": asker.SYSTEM_PATH})
    assert answer == {"code": -1, "out": "", "err": "no answer within 0.5 s"}
    state = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    # Killed, and gone as soon as somebody has taken note of it.
    while state.exists() and state.read_text().split()[2] != "Z":
        time.sleep(0.05)


def test_commands_get_the_settings_no_input_and_their_own_answer() -> None:
    told = asker.answer(small(env="echo $HOME; echo $LC_ALL; read x || echo none", fails="echo no >&2; exit 3"))
    assert told["commands"]["fails"] == {"code": 3, "out": "", "err": "no\n"}
    home, locale, read = told["commands"]["env"]["out"].split()
    assert (locale, read) == ("C", "none")
    assert "meshstrap-verify-" in home
    assert not Path(home).exists(), "it is gone"


def test_files_are_read_or_only_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("x = ü\n")
    (tmp_path / "b.conf").mkdir()
    os.mkfifo(tmp_path / "c.conf")
    asked = small() | {"texts": [f"{tmp_path}/*.conf"], "modes": [f"{tmp_path}/a.conf"], "places": ["/", "/none"]}
    told = asker.answer(asked)
    assert told["texts"][f"{tmp_path}/a.conf"]["text"] == "x = ü\n"
    for other in ("b.conf", "c.conf"):
        assert told["texts"][f"{tmp_path}/{other}"] == {"error": "Not a regular file"}
    assert set(told["modes"][f"{tmp_path}/a.conf"]) == {"mode", "owner", "kind", "bytes"}
    assert told["places"]["/"]["bytes"] > 0
    assert "/none" not in told["places"]


def test_what_a_login_shell_says_first_does_not_matter() -> None:
    asked = Asked()
    said = '{"texts": {}, "modes": {}, "places": {}, "commands": {}}'
    answers = ask_host(lambda _: ran(0, f"Welcome!\n{{\n\n{said}\n"), asked)
    assert answers.raw == json.loads(said)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ran(1, err="sudo: a password is required\n"), "sudo: a password is required"),
        (ran(127, err="sh: 1: python3: not found\n"), "sh: 1: python3: not found"),
        (
            ran(255, err="debug\nssh: connect to host w1: No route to host\r\n"),
            "ssh: connect to host w1: No route to host",
        ),
        (ran(0), "exit 0, and no answer"),
        (ran(0, '{"texts": {}, "mo'), "exit 0, and no answer"),
        (ran(0, "[1, 2]"), r"its answers make no sense: \[1, 2\]"),
        (ran(0, "{}"), "its answers make no sense: texts: Field required"),
        (
            ran(0, '{"texts": {}, "modes": {}, "places": {}, "commands": {"now": 3}}'),
            "its answers make no sense: commands.now: .*",
        ),
    ],
    ids=["sudo", "python", "ssh", "nothing", "half", "list", "empty", "number"],
)
def test_no_answer_is_one_line_that_says_why(answer: Answer, words: str) -> None:
    with pytest.raises(Unreachable, match=f"^{words}$"):
        ask_host(lambda _: answer, questions(plan()))


def test_a_host_is_a_node_by_its_name_here_then_by_its_own() -> None:
    found = [
        node_named(plan(), *names) for names in (("cp1",), ("w1.tail1234.ts.net",), ("203.0.113.7", "w1"), ("x", "y"))
    ]
    assert [node.name if node else None for node in found] == ["cp1", "w1", "w1", None]


def ran_in_shell(command: str, *, whole: float = 30, first: float | None = None) -> Answer:
    return asyncio.run(run_bounded(["sh", "-c", command], whole=whole, first=first))


def test_a_program_that_stays_silent_is_given_up() -> None:
    silent = Answer(code=255, out="", err="no answer within 0.5 s")
    assert ran_in_shell("sleep 60", first=0.5) == silent
    assert ran_in_shell("sleep 60", whole=0.5) == silent
    fell = ran_in_shell("echo; sleep 60", whole=0.5)
    assert fell == Answer(code=255, out="", err="it fell silent: no end within 0.5 s")
    assert ran_in_shell("echo a; echo b >&2; exit 3") == Answer(code=3, out="a\n", err="b\n")
    assert ran_in_shell("exit 4") == Answer(code=4, out="", err="")


def test_programs_end_together_with_all_that_they_have_started(tmp_path: Path) -> None:
    programs, pid = Programs(), tmp_path / "pid"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(programs.run, ["sh", "-c", f"sleep 60 & echo $! >{pid}; wait"], whole=60)
        while not (pid.exists() and pid.read_text().strip()):
            time.sleep(0.05)
        programs.end()
        with pytest.raises(CancelledError):
            waiting.result(timeout=30)
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    while state.exists() and state.read_text().split()[2] != "Z":
        time.sleep(0.05)


TAGS, NAMES = ("tag:k8s-node", "tag:arm"), ("w1", "w2")


def told(name: str, address: str = "100.64.0.9", **settings: object) -> dict[str, object]:
    first: dict[str, object] = {"HostName": name, "DNSName": f"{name}.tail1.ts.net.", "Tags": ["tag:k8s-node"]}
    return first | {"TailscaleIPs": ["fd7a::9", address], "Online": True} | settings


def seen(*peers: dict[str, object], state: str = "Running", own: str = "laptop.tail1.ts.net.") -> dict[str, str]:
    status = {
        "BackendState": state,
        "Self": {"HostName": "laptop", "DNSName": own},
        "Peer": dict(enumerate(peers)) if peers else None,
    }
    return parse_tailnet(json.dumps(status), NAMES, TAGS)


def test_only_machines_that_are_online_are_found_in_the_tailnet() -> None:
    assert seen(told("w1"), told("w2", Online=False), told("cp1")) == {"w1": "100.64.0.9"}
    assert seen(told("w1"), state="Stopped") == {}
    assert seen() == {}
    assert parse_tailnet("failed to connect to local tailscaled", NAMES, TAGS) == {}


def test_a_machine_of_our_name_has_to_be_ours() -> None:
    assert seen(told("w1", DNSName="w1.tail2.ts.net.")) == {}
    assert seen(told("w1", Tags=None), told("w2", Tags=["tag:other"])) == {}
    assert seen(told("w1-1", HostName="w1")) == {}
    assert seen(told("w1", DNSName="W1.Tail1.ts.net.")) == {"w1": "100.64.0.9"}


def test_without_magic_dns_the_hostname_counts_and_two_are_named() -> None:
    old, new = told("w1", DNSName=""), told("W1", "100.64.0.10", DNSName="")
    assert seen(old | {"Online": False}, new, own="") == {"w1": "100.64.0.10"}
    with pytest.raises(NoWay, match=r"w1: 100.64.0.9 and 100.64.0.10 are both called that .* --hosts w1=ADDRESS"):
        seen(old, new, own="")
