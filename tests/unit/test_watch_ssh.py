"""The way to the nodes: a configuration as ssh itself reads it, and the task with an ssh that is told what to say."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshstrap.errors import NotAllAsked, NoWay
from meshstrap.ssh import (
    BATCH,
    SSH_FAILED,
    Host,
    advice,
    parse_hosts,
    reason_of,
    run_bounded,
    ssh_configuration,
    ssh_program,
)
from meshstrap.watch.reading import COMMAND
from tests.processes import ended
from tests.unit.test_watch import STATUS

ROOT = Path(__file__).resolve().parents[2]
SSH = """#!/bin/bash
# Says of a node what lies in the folder under its name.
printf '%s\\n' "$*" >>"$SAYS/log"
command=${@: -1} node=${@: -2:1}
cp "$2" "$SAYS/configuration"
[[ ! -e $SAYS/$node.slow ]] || { echo $$ >"$SAYS/$node.slow"; exec sleep 60; }
[[ ! -e $SAYS/$node.err ]] || { cat "$SAYS/$node.err" >&2; exit 255; }
date -u +%Y-%m-%dT%H:%M:%SZ
[[ -e $SAYS/$node ]] || exit 66
cat "$SAYS/$node"
"""


def test_addresses_are_read_or_refused() -> None:
    assert parse_hosts("", ["w1"]) == {}
    assert parse_hosts(" w1=203.0.113.7, cp1=opc@2001:db8::1 ", ["cp1", "w1"]) == {
        "w1": Host(address="203.0.113.7", user=""),
        "cp1": Host(address="2001:db8::1", user="opc"),
    }
    for text in ("w1", "w1=", "w1=-oProxyCommand=x", "w1=a b", "w1=a\nHost *", "w1=;x", "w1=u@"):
        with pytest.raises(NoWay, match="is not NODE=ADDRESS"):
            parse_hosts(text, ["w1"])
    with pytest.raises(NoWay, match=r"w1=203\.0\.113\.7 cp1=x: is not .*; between several stands a comma, and no"):
        parse_hosts("w1=203.0.113.7 cp1=x", ["cp1", "w1"])
    with pytest.raises(NoWay, match="--hosts w1=b: w1 stands there already, with a; say which of the two"):
        parse_hosts("w1=a,w1=b", ["w1"])
    for text in ("w1=203.0.113.300", "w1=ubuntu@203.0.113"):
        with pytest.raises(NoWay, match=r"203\.0\.113\S* is not an address such as 203\.0\.113\.7"):
            parse_hosts(text, ["w1"])
    with pytest.raises(NoWay, match="the inventory has no node 'w9'; it has cp1, w1"):
        parse_hosts("w9=203.0.113.7", ["w1", "cp1"])
    with pytest.raises(NoWay, match="a port stands in your SSH configuration: `Host w1` and below it `Port 2222`"):
        parse_hosts("w1=203.0.113.7:2222", ["w1"])


def effective(node: str, configuration: str, folder: Path) -> dict[str, str]:
    """What ssh makes of it."""
    path = folder / "written"
    path.write_text(configuration)
    command = [ssh_program(), "-F", str(path), "-G", node]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def test_what_a_person_says_comes_before_their_file_and_that_before_ours(tmp_path: Path) -> None:
    own = tmp_path / "my own config"
    own.write_text(
        "Host w1\n  HostName 198.51.100.1\n  User carol\n  Port 2222\n"
        "Host w3\n  StrictHostKeyChecking yes\n  ConnectTimeout 3\n"
    )
    users = {"w1": "ubuntu", "w2": "opc", "w3": "debian"}
    text = ssh_configuration(users, {"w1": Host(address="203.0.113.7", user="")}, str(own))
    first = effective("w1", text, tmp_path)
    assert (first["hostname"], first["user"], first["port"]) == ("203.0.113.7", "carol", "2222")
    second = effective("w2", text, tmp_path)
    assert (second["hostname"], second["user"], second["connecttimeout"]) == ("w2", "opc", "8")
    assert second["stricthostkeychecking"] == "accept-new"
    third = effective("w3", text, tmp_path)
    assert (third["user"], third["stricthostkeychecking"], third["connecttimeout"]) == ("debian", "true", "3")
    named = ssh_configuration(users, {"w1": Host(address="203.0.113.7", user="root")}, str(own))
    assert effective("w1", named, tmp_path)["user"] == "root"
    assert effective("w2", ssh_configuration(users, {}, str(tmp_path / "none")), tmp_path)["user"] == "opc"


def run_ssh(configuration: Path) -> subprocess.CompletedProcess[str]:
    """The real ssh with our options, to where nothing answers."""
    command = [ssh_program(), "-F", str(configuration), *BATCH, "w1", "true"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_a_person_runs_at_their_own_logins_is_not_run_by_ours(tmp_path: Path) -> None:
    own = tmp_path / "config"
    own.write_text("Host w1\n  HostName 127.0.0.1\n  Port 9\n  RemoteCommand tmux attach\n  RequestTTY force\n")
    ran = run_ssh(own)
    # As far as a connection, which nothing takes; "Cannot execute command-line and remote command" would come before.
    assert "connect to host 127.0.0.1 port 9" in ran.stderr


def test_an_option_that_this_ssh_does_not_know_is_named_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "config"
    own.write_text("Host w1\n  UseKeychain yes\n  NoSuchOption yes\n")
    ran = run_ssh(own)
    assert reason_of(ran.stderr).endswith(": line 3: Bad configuration option: nosuchoption")
    assert "correct that line" in advice("w1", reason_of(ran.stderr))


TOLD = "a secret, and much more than a pipe holds\n" * 20_000


def test_what_a_program_is_told_comes_whole_on_its_input() -> None:
    answer = asyncio.run(run_bounded(["cat"], whole=60, told=TOLD))
    assert (answer.code, answer.out == TOLD) == (0, True)


def test_a_program_that_ends_before_it_was_told_all_has_the_last_word() -> None:
    answer = asyncio.run(run_bounded(["sh", "-c", "echo no >&2; exit 3"], whole=60, told=TOLD))
    assert (answer.code, answer.err) == (3, "no\n")


def test_a_program_that_listens_to_nothing_is_given_up() -> None:
    answer = asyncio.run(run_bounded(["sleep", "60"], whole=0.5, told=TOLD))
    assert (answer.code, answer.err) == (SSH_FAILED, "no answer within 0.5 s")


def test_no_ssh_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoWay, match="install an SSH client"):
        ssh_program()


@dataclass
class Says:
    """What the made-up ssh says, and how to run the task with it."""

    folder: Path

    def status(self, node: str, **changes: object) -> None:
        (self.folder / node).write_text(json.dumps(STATUS | {"node": node} | changes))

    def start(self, *words: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}", "SAYS": str(self.folder)}
        command = [sys.executable, "-m", "invoke", "watch", "-i", "cluster.example.yaml", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.start(*words) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def says(tmp_path: Path) -> Says:
    (tmp_path / "ssh").write_text(SSH)
    (tmp_path / "ssh").chmod(0o755)
    return Says(tmp_path)


def test_once_prints_every_node(says: Says) -> None:
    says.status("cp1", state="converged", step="-", message="this node is as planned", next="")
    (says.folder / "w2.err").write_text("ssh: connect to host w2 port 22: No route to host\n")
    code, out, err = says.run("--once", "--hosts", "w1=203.0.113.7")
    assert (code, err) == (NotAllAsked.exit_code, "")
    states = {line.split()[0]: line for line in out.splitlines() if line[:2] in {"cp", "w1", "w2"}}
    assert "converged" in states["cp1"]
    assert "no run" in states["w1"]
    assert "No route to host" in states["w2"]
    assert out.endswith("1 unreachable, 1 no run, 1 converged\n")
    log = (says.folder / "log").read_text()
    assert log.count(" ".join((*BATCH, "-- "))) == 3
    assert "HostName 203.0.113.7" in (says.folder / "configuration").read_text()
    (says.folder / "w2.err").unlink()
    assert says.run("--once")[0] == 0, "a node that has not begun has answered"


def test_a_host_that_hangs_does_not_keep_the_others_and_ctrl_c_ends_it_cleanly(says: Says) -> None:
    (says.folder / "w2.slow").touch()
    says.status("cp1")
    says.status("w1")
    with ended(says.start("--json", "--pause", "1")) as process:
        assert process.stdout is not None
        told = {json.loads(process.stdout.readline())["node"] for _ in range(2)}
        assert told == {"cp1", "w1"}
        slow = says.folder / "w2.slow"
        while not slow.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
    # ssh is gone with it, and so is its configuration.
    with pytest.raises(ProcessLookupError):
        os.kill(int(slow.read_text()), 0)
    assert not Path((says.folder / "log").read_text().split()[1]).exists()


def test_it_ends_by_itself_when_every_node_has_converged(says: Says) -> None:
    for node in ("cp1", "w1", "w2"):
        says.status(node, state="converged", step="-", tries=1, message="this node is as planned", next="")
    code, out, err = says.run("--pause", "1")
    assert (code, err) == (0, "")
    assert sum(": converged: this node is as planned" in line for line in out.splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hosts", "w9=203.0.113.7"], "the inventory has no node 'w9'"),
        (["--ssh-config", "nothing-here"], "nothing-here: there is no such file"),
    ],
)
def test_what_cannot_be_is_a_message(says: Says, words: list[str], message: str) -> None:
    code, _, err = says.run("--once", *words)
    assert (code, message in err, "Traceback" in err) == (12, True, False)


def test_the_command_reads_what_the_node_writes(tmp_path: Path) -> None:
    status = (ROOT / "scripts" / "lib" / "status.sh").read_text()
    for path in ("/run/meshstrap-status.json", "/var/lib/meshstrap/status.json"):
        assert path in COMMAND
        assert f"$ROOT{path}" in status
    shell = shutil.which("dash") or shutil.which("sh") or ""

    def said(*files: str) -> tuple[int, list[str]]:
        here = COMMAND.replace("/run/", f"{tmp_path}/run/").replace("/var/lib/", f"{tmp_path}/var/lib/")
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(f"{name}\n")
        result = subprocess.run([shell, "-c", here], capture_output=True, text=True, check=False)
        return result.returncode, result.stdout.splitlines()[1:]

    assert said() == (66, [])
    assert said("var/lib/meshstrap/status.json") == (0, ["var/lib/meshstrap/status.json"])
    assert said("run/meshstrap-status.json") == (0, ["run/meshstrap-status.json"])


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ("ubuntu@w1: Permission denied (publickey).", "(ssh-add)"),
        ("Host key verification failed.", "ssh-keygen -R w1"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "ssh-keygen -R w1"),
        ("ssh: Could not resolve hostname w1: Name or service not known", "--hosts w1=ADDRESS"),
        ("sudo: a password is required", "sudo without a password"),
        ("bash: python3: command not found", "comes with cloud-init"),
        ("ssh: connect to host w1 port 22: Connection timed out", "is its port 22 open to you? ssh -v w1"),
        (
            "ssh: connect to host 203.0.113.7 port 2222: Connection refused",
            "port 2222 open to you? ssh -v -p 2222 203.",
        ),
        ("Connection to 203.0.113.7 port 22 timed out", "ssh -v 203.0.113.7 shows"),
        ("Host key for [192.0.2.7]:2222 has changed and you have requested strict checking.", "-R '[192.0.2.7]:2222'"),
        ("Connection to UNKNOWN port 65535 timed out", "ssh -v w1 shows"),
        ("No ED25519 host key is known for 203.0.113.7 and you have requested", "ssh 203.0.113.7 once and accept"),
    ],
)
def test_each_reason_has_its_way_out(errors: str, words: str) -> None:
    assert words in advice("w1", errors)
