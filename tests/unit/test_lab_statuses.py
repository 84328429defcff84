"""The lab's kept statuses: printed as the script prints them, without what changes, and each of some test's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lab.statuses import FOLDER, hold, shown, steady
from tests.shell.library_shell import script
from tests.shell.sandbox import Sandbox

LAB = FOLDER.parent
STATUS = {
    "node": "w1",
    "role": "worker",
    "state": "failed",
    "tries": 12,
    "updated": "2026-11-29T15:20:01Z",
    "step": "packages",
    "message": "waiting for package lock: held: /var/lib/dpkg/lock python3 4711",
    "next": "lslocks",
    "facts": {"tailnet_address": "100.64.0.3"},
    "steps": [
        {"name": "hostname", "state": "ok", "seconds": 0},
        {"name": "swap_off", "state": "changed", "seconds": 21},
        {"name": "packages", "state": "failed", "seconds": 7},
    ],
}
STEADY = """\
w1 (worker): failed, try N, TIME
packages: waiting for package lock: held: /var/lib/dpkg/lock python3 PID
what to do: lslocks
tailnet_address: ADDRESS
failed   packages N s
"""


def test_what_is_kept_is_what_status_prints(sandbox: Sandbox) -> None:
    sandbox.write("var/lib/meshstrap/status.json", json.dumps(STATUS))
    assert script(sandbox, "--status").log == shown(STATUS)


def test_what_changes_from_run_to_run_is_left_out() -> None:
    assert steady(shown(STATUS)) == STEADY
    assert (
        steady("a volume has 10 GB, not 50: nothing was written") == "a volume has 10 GB, not 50: nothing was written"
    )


def test_what_is_not_kept_fails_and_says_how_to_keep_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.lab.statuses.FOLDER", tmp_path)
    with pytest.raises(AssertionError, match=r"one\.txt is not kept yet: `nox -s lab -- --update-golden`"):
        hold("one", STATUS, update=False)
    hold("one", STATUS, update=True)
    hold("one", STATUS | {"tries": 13, "updated": "2027-01-01T00:00:00Z"}, update=False)
    with pytest.raises(AssertionError, match=r"one\.txt says something else now"):
        hold("one", STATUS | {"message": "apt-get failed"}, update=False)


def test_every_kept_status_is_of_a_test() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in LAB.glob("test_*.py"))
    named = set(re.findall(r'"([\w-]+)"', sources))
    built = re.findall(r'kept_status\(f"([\w-]+)\{', sources)
    for path in FOLDER.glob("*"):
        ends = {path.stem, *(path.stem.removeprefix(begin) for begin in built if path.stem.startswith(begin))}
        assert ends & named, f"{path.name}: no test of the lab keeps it any more"
