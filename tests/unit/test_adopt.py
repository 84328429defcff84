"""The task adopt, with an ssh that is told what to say: what travels when, and what a person reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshstrap.errors import AdoptionRefused, NoWay
from meshstrap.rendering.adoption import MARK
from tests.unit.test_tasks import KEY

ROOT = Path(__file__).resolve().parents[2]
SSH = """#!/bin/bash
# Says at each call what lies in the folder under the call's flag, and keeps what it was told.
flag=${@: -1}; flag=${flag##*bash -s -- }; flag=${flag%%;*}
printf '%s\\n' "$*" >>"$SAYS/log"
cp "$2" "$SAYS/configuration"
cat >"$SAYS/told$flag"
cat "$SAYS/err$flag" >&2 2>/dev/null
cat "$SAYS/out$flag" 2>/dev/null
exit "$(cat "$SAYS/code$flag" 2>/dev/null || echo 0)"
"""


@dataclass
class Machine:
    """What the made-up ssh says, and the task run in a folder of its own."""

    folder: Path

    @property
    def says(self) -> Path:
        return self.folder / "says"

    def say(self, flag: str, out: str = "", code: int = 0, err: str = "") -> None:
        for name, text in (("out", out), ("code", str(code)), ("err", err)):
            (self.says / f"{name}{flag}").write_text(text)

    def told(self, flag: str) -> str:
        path = self.says / f"told{flag}"
        return path.read_text() if path.exists() else ""

    def adopt(self, *words: str) -> tuple[int, str, str]:
        environment = os.environ | {
            "PATH": f"{self.says}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "SAYS": str(self.says),
            "MESHSTRAP_AUTH_KEY_W1": KEY,
        }
        command = [sys.executable, "-m", "invoke", "adopt", *words]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    shutil.copy(ROOT / "cluster.example.yaml", tmp_path / "cluster.yaml")
    (tmp_path / "tasks.py").write_text("from meshstrap.tasks import namespace\n")
    says = tmp_path / "says"
    says.mkdir()
    (says / "ssh").write_text(SSH)
    (says / "ssh").chmod(0o755)
    return Machine(tmp_path)


def test_the_machine_is_asked_first_and_no_secret_travels_before_it_has_agreed(machine: Machine) -> None:
    machine.say("--check", "this machine can be w1 (worker of homelab).\n- its name: web-1 becomes w1\n")
    machine.say("--told", "w1: handed over; its steps run now, and at every boot\n")
    code, out, err = machine.adopt("w1", "--hosts=w1=203.0.113.7")
    assert (code, err) == (0, "")
    assert "w1: this machine can be w1" in out
    assert "w1: handed over" in out
    assert out.endswith("Next: `invoke watch --hosts=w1=203.0.113.7` follows it.\n")
    assert KEY not in machine.told("--check")
    assert KEY in machine.told("--told")
    assert KEY not in (machine.says / "log").read_text() + out
    assert "HostName 203.0.113.7" in (machine.says / "configuration").read_text()


def test_what_is_in_the_way_ends_it_with_an_exit_code_of_its_own(machine: Machine) -> None:
    found = "this machine cannot be w1; nothing was changed:\n- Docker runs here\x1b[31m\n    what to do: move it\n"
    machine.say("--check", found, AdoptionRefused.exit_code)
    code, out, err = machine.adopt("w1")
    assert code == AdoptionRefused.exit_code == 19
    assert err == f"w1: {found.replace(chr(27), '?')}"
    assert "handed over" not in out
    assert machine.told("--told") == ""


def test_what_came_into_the_way_meanwhile_ends_it_too(machine: Machine) -> None:
    machine.say("--check", "this machine can be w1\n")
    machine.say("--told", "this machine cannot be w1\n", AdoptionRefused.exit_code)
    assert machine.adopt("w1")[0] == AdoptionRefused.exit_code


def test_check_hands_nothing_over_and_makes_no_token(machine: Machine) -> None:
    machine.say("--check", "this machine can be w1\n")
    code, out, _ = machine.adopt("w1", "--check")
    assert code == 0
    assert "--check changed nothing; `invoke adopt w1` hands over.\n" in out
    assert machine.told("--told") == ""
    assert not (machine.folder / "secrets.yaml").exists()


@pytest.mark.parametrize(
    ("err", "code", "found"),
    [
        (
            "ubuntu@w1: Permission denied (publickey).\n",
            255,
            "w1: ubuntu@w1: Permission denied (publickey). (let its user",
        ),
        ("sudo: a password is required\n", 1, "w1: sudo: a password is required (let the login user sudo without"),
        ("2026 error -: line 3, in x: exit 1: df\n", 1, "w1: 2026 error -: line 3, in x: exit 1: df. Nothing was"),
        ("", 1, "w1: exit 1, without a word. Nothing was changed there. A file that"),
    ],
)
def test_a_machine_that_cannot_be_asked_is_said(machine: Machine, err: str, code: int, found: str) -> None:
    machine.say("--check", "", code, err)
    done, _, said = machine.adopt("w1")
    assert done == NoWay.exit_code
    assert said.startswith(found)


def test_a_hand_over_that_broke_off_is_not_said_to_be_none(machine: Machine) -> None:
    machine.say("--check", "this machine can be w1\n")
    machine.say("--told", "", 255, "Connection to w1 closed by remote host.\n")
    done, _, said = machine.adopt("w1")
    assert done == NoWay.exit_code
    assert "Whether it got all of it is not known: give it the same command again." in said
    assert "Nothing was changed" not in said


def test_a_file_is_written_for_its_owner_alone_and_no_machine_is_asked(machine: Machine) -> None:
    subprocess.run(["git", "init", "-q"], cwd=machine.folder, check=True)
    code, out, err = machine.adopt("w1", "--output=w1.sh")
    path = machine.folder / "w1.sh"
    assert (code, err) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().splitlines()[1].startswith(MARK)
    assert KEY in path.read_text()
    assert KEY not in out
    assert "w1.sh: git would have taken it, secrets and all" in out
    assert "sudo bash adopt.sh" in out
    ignored = subprocess.run(["git", "check-ignore", "w1.sh"], cwd=machine.folder, capture_output=True, check=False)
    assert ignored.returncode == 0
    assert not (machine.says / "log").exists()
    assert machine.adopt("w1", "-o", "w1.sh")[0] == 0, "our own is written anew"


def test_somebody_elses_file_and_a_link_are_left_alone(machine: Machine) -> None:
    (machine.folder / "other.sh").write_text("#!/bin/sh\nmine\n")
    (machine.folder / "link.sh").symlink_to("elsewhere")
    for name in ("other.sh", "link.sh"):
        code, _, err = machine.adopt("w1", f"--output={name}")
        assert (code, "is there already, and no program of ours" in err) == (9, True)
    os.mkfifo(machine.folder / "pipe")
    code, _, err = machine.adopt("w1", "--output=pipe")
    assert (code, "pipe: it is a pipe, and a file is asked for: nothing was written" in err) == (9, True)
    assert (machine.folder / "other.sh").read_text() == "#!/bin/sh\nmine\n"
    assert not (machine.folder / "elsewhere").exists()
    assert machine.adopt("w1", "--output=nowhere/w1.sh")[0] == 9


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 10, "Name a node: one of cp1, w1, w2."),
        (["w9"], 10, "'w9' is no node. Known are: cp1, w1, w2"),
        (["w1", "--check", "--output=x.sh"], 9, "the file can do that, too: sudo bash x.sh --check"),
        (["w1", "--hosts=w9=203.0.113.7"], 12, "the inventory has no node 'w9'"),
    ],
)
def test_what_cannot_be_is_a_message(machine: Machine, words: list[str], code: int, message: str) -> None:
    done, _, err = machine.adopt(*words)
    assert (done, message in err, "Traceback" in err) == (code, True, False), err
