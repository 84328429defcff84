"""How the labs are dealt out to days, and that one of them runs at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import turn
from tests.lab.building import build_programs
from tests.lab.parts import CLUSTER, EMULATED, NODE_LAB, ROUTED_CLUSTER, Division
from tests.lab.process import LabError
from tests.processes import ended

LABS = Path(__file__).parents[1]
IDS = ["lab/test_a.py::test_x", "lab/test_a.py::test_y", "lab/test_b.py::test_x", "lab/test_c.py::test_x[1]"]
IDS += ["lab/test_c.py::test_x[2]", "lab/test_first.py::test_x"]


@pytest.mark.parametrize("by_case", [(), ("test_c",)])
def test_the_parts_together_are_everything_and_what_is_always_shown_is_in_each(by_case: tuple[str, ...]) -> None:
    division = Division(count=2, always=frozenset({"test_first"}), by_case=by_case)
    parts = [division.chosen(IDS, part) for part in (1, 2)]
    for number, nodeid in enumerate(IDS):
        assert sum(chosen[number] for chosen in parts) == (2 if "first" in nodeid else 1), nodeid
    together = [chosen[0] == chosen[1] for chosen in parts]
    assert all(together), "the tests of a file share machines"
    apart = [chosen[3] == chosen[4] for chosen in parts]
    assert all(apart) is not bool(by_case)


def test_the_longest_are_dealt_first_so_that_no_part_is_much_longer_than_the_others() -> None:
    division = Division(
        count=2, always=frozenset(), by_case=("test_long",), minutes={"test_long": 4, "test_long::test_short": 1}
    )
    parts = division.parts_of(["test_a", "test_long::test_short", "test_long::test_x", "test_long::test_y"])
    assert sorted(parts) == ["test_a", "test_long::test_short", "test_long::test_x", "test_long::test_y"]
    assert parts["test_long::test_x"] != parts["test_long::test_y"]
    assert parts["test_long::test_short"] != parts["test_a"]


def test_a_division_of_some_files_has_no_place_for_the_others() -> None:
    division = Division(count=1, always=frozenset({"test_first"}), by_case=(), only=frozenset({"test_b"}))
    assert [name for name, chosen in zip(IDS, division.chosen(IDS, 1), strict=True) if chosen] == [
        "lab/test_b.py::test_x",
        "lab/test_first.py::test_x",
    ]


@pytest.mark.parametrize(
    ("division", "folder"),
    [(NODE_LAB, "lab"), (CLUSTER, "cluster"), (ROUTED_CLUSTER, "cluster"), (EMULATED, "arm64")],
)
def test_a_division_names_files_that_exist(division: Division, folder: str) -> None:
    files = {path.stem for path in (LABS / folder).glob("test_*.py")}
    assert division.always | division.only <= files
    for beginning in (*division.by_case, *(name.partition("::")[0] for name in division.minutes)):
        assert any(name.startswith(beginning) for name in files), beginning


HOLDER = """\
import sys
from pathlib import Path
from tests.lab import turn
turn.PLACE = Path(sys.argv[1])
held = turn.take_turn(sys.argv[2], turn.NOT_WAITING)
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_second_lab_says_who_holds_the_machine_and_waits(tmp_path: Path) -> None:
    def start(what: str) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", HOLDER, str(tmp_path / "turn"), what]
        return subprocess.Popen(command, text=True, cwd=LABS.parent, **pipes)  # type: ignore[call-overload, no-any-return] # mypy does not see through the pipes

    with ended(start("the node lab")) as first:
        assert first.stdout
        assert first.stdout.readline() == "holds\n"
        with ended(start("the bench")) as second:
            assert second.stderr
            said = second.stderr.readline()
            assert said.startswith(f"waiting for the node lab (process {first.pid}, since "), said
            assert "--beside does not wait" in said
            # However it ends, its turn ends with it.
            first.kill()
            assert second.stdout
            assert second.stdout.readline() == "holds\n"
            assert "the bench" in (tmp_path / "turn").read_text()


def test_other_work_on_the_machine_is_a_share_of_its_cpus() -> None:
    assert 0 <= turn.busy_share(0.2) <= 1


def test_a_build_that_fails_says_what_go_said(tmp_path: Path) -> None:
    source = tmp_path / "module"
    source.mkdir()
    (source / "go").write_text("")
    with pytest.raises(LabError, match="go build"):
        build_programs("module", source, ("-o", f"{tmp_path}/out/", "tool"), tmp_path, "amd64")
