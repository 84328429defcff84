"""CONTRIBUTING's example of a step works exactly as it is printed there, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("meshstrap", "scripts", "templates", "tests", "docs")
# A path in bold, and the block of code that follows.
_PRINTED = re.compile(r"\*\*`([\w/.]+)`\*\*.*?^   ```\w+\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
_ADDED_LINE = re.compile(r"^ (.*)\n\+(.*)\n", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with the printed files in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for title in ("How to add a step", "How to add a host check"):
        section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        for name, block in _PRINTED.findall(section):
            apply(tmp_path / name, textwrap.dedent(block))
    return tmp_path


def apply(path: Path, block: str) -> None:
    if path.suffix == ".yaml" and path.exists():
        ((before, added),) = _ADDED_LINE.findall(block)
        text = path.read_text(encoding="utf-8")
        assert text.count(f"{before}\n") == 1
        path.write_text(text.replace(f"{before}\n", f"{before}\n{added}\n"), encoding="utf-8")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")


def run(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    # Their own folder for temporary files: pytest tidies up after other runs, and two that do so trip over each other.
    temporary = folder.with_name(f"{folder.name}-temporary")
    temporary.mkdir(exist_ok=True)
    environment["PYTEST_DEBUG_TEMPROOT"] = str(temporary)
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_printed_step_works(copy: Path) -> None:
    made = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("timezone/*") if path.is_file())
    assert made == [
        "scripts/steps/timezone/checks.py",
        "scripts/steps/timezone/checks.yaml",
        "scripts/steps/timezone/step.sh",
        "scripts/steps/timezone/step.yaml",
        "tests/steps/timezone/faults.py",
        "tests/steps/timezone/test_step.py",
    ]
    run(copy, "pytest", "-q", "tests/unit/test_house_documents.py", "-k", "catalogue_of_steps", "--update-golden")
    for page, row in (
        ("docs/steps.md", "| `timezone` | all | the clock shows UTC |"),
        ("docs/steps.ko.md", "| `timezone` | 모두 | the clock shows UTC |"),
    ):
        rows = [line for line in (copy / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
        assert rows[rows.index(row) - 1].startswith("| `hostname_kept` |")
    assert "4 passed" in run(copy, "pytest", "-q", "tests/steps/timezone")
    run(copy, "pytest", "-q", "tests/unit/test_steps.py", "tests/unit/test_house.py", "-k", "step or swallow or short")
    run(copy, "ruff", "check", "-q", "tests/steps/timezone", "scripts/steps/timezone")
    assert "no findings" in run(copy, "invoke", "lint", "--inventory=cluster.example.yaml")
    assert "timezone" in run(copy, "invoke", "graph", "boot", "--inventory=cluster.example.yaml")


def test_the_printed_host_check_works(copy: Path) -> None:
    run(copy, "pytest", "-q", "tests/golden/test_troubleshooting.py", "--update-golden")
    for page, row in (
        ("troubleshooting.md", "**The clock shows UTC**<br>`the_clock_shows_utc`"),
        ("troubleshooting.ko.md", "**The clock shows UTC**<br>`the_clock_shows_utc`"),
    ):
        assert row in (copy / "docs" / page).read_text(encoding="utf-8")
    run(copy, "pytest", "-q", "tests/golden/test_troubleshooting.py", "tests/unit/hosts/test_green.py")
    run(copy, "pytest", "-q", "tests/unit/hosts/test_independence.py", "tests/unit/test_house.py", "-k", "check")
    faults = ("tests/unit/hosts/test_faults.py", "-k", "the_clock_shows_utc or every_check_has")
    assert "2 passed" in run(copy, "pytest", "-q", *faults)
