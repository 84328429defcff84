"""The wheel, installed in a fresh environment elsewhere, does what the clone does, byte for byte."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshstrap import __version__

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = ROOT / "tests/inventories/valid/everything.yaml"
# A task of each kind: what it reads from the package besides what a render does.
SAID = (
    *(("plan", "--json"), ("compat", "--json"), ("explain", "vxlan", "--lang=ko")),
    *(("graph", "packet", "--svg"), ("schema", "--output=-")),
)
# What a commit would have.
GIT = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--")
OWN_TASKS = """
from invoke import task

from meshstrap.tasks import namespace


@task
def backup(context, target, pause=3, hosts="all"):
    \"\"\"Copy it away.\"\"\"
    print(f"{target} {pause} {hosts}")


namespace.add_task(backup)
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it."""

    programs: Path
    packages: Path

    def run(self, program: str, *words: str, cwd: Path) -> str:
        return say([str(self.programs / program), *words], cwd)

    def files(self) -> dict[str, bytes]:
        return contents(self.packages / "meshstrap")


def say(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clone(*words: str, cwd: Path) -> str:
    return say([sys.executable, "-m", "invoke", f"--search-root={ROOT}", *words], cwd)


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, by the build backend that tests/requirements.txt pins."""
    folder = tmp_path_factory.mktemp("dist")
    say([sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={folder}"], ROOT)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What the wheel asks for is taken from where this machine's pip takes it, at the versions of requirements.txt."""
    folder = tmp_path_factory.mktemp("elsewhere")
    lines = (line.rstrip(" \\") for line in (ROOT / "requirements.txt").read_text().splitlines())
    (folder / "pins.txt").write_text("".join(f"{line}\n" for line in lines if re.match(r"[\w.-]+==", line)))
    say([sys.executable, "-m", "venv", str(folder / "venv")], folder)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    made = Installed(programs=folder / "venv" / "bin", packages=packages)
    made.run("pip", "install", "--quiet", f"--constraint={folder / 'pins.txt'}", str(wheel), cwd=folder)
    return made


def test_the_wheel_has_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"meshstrap-{__version__}.dist-info/METADATA").decode()
    tracked = say([*GIT, "meshstrap", "scripts", "templates"], ROOT).split()
    shipped = {name if name.startswith("meshstrap/") else f"meshstrap/shipped/{name}" for name in tracked}
    single = {".shellcheckrc", "cluster.example.yaml", "cluster.schema.json", "status.schema.json"}
    assert names == shipped | {f"meshstrap/shipped/{name}" for name in single}
    assert {"License-Expression: Apache-2.0", "License-File: LICENSE"} <= set(metadata.splitlines())
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert metadata.count("Requires-Dist: ") == len(wanted)


def test_it_renders_what_the_clone_renders(installed: Installed, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "clone", tmp_path / "wheel"
    for folder in (ours, theirs):
        folder.mkdir()
        shutil.copy(EVERYTHING, folder / "cluster.yaml")
    clone("secrets", cwd=ours)
    shutil.copy(ours / "secrets.yaml", theirs)
    before = installed.files()
    said = clone("render", cwd=ours)
    assert installed.run("meshstrap", "render", cwd=theirs) == said.replace("`invoke ", "`meshstrap ")
    assert contents(theirs) == contents(ours)
    assert (theirs / "generated" / "index.html").exists()
    assert installed.files() == before


@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_it_says_what_the_clone_says(installed: Installed, words: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copy(ROOT / "cluster.example.yaml", tmp_path / "cluster.yaml")
    said = clone(*words, cwd=tmp_path).replace("`invoke ", "`meshstrap ")
    assert installed.run("meshstrap", *words, cwd=tmp_path) == said


def test_it_begins_in_an_empty_folder_and_writes_nowhere_else(installed: Installed, tmp_path: Path) -> None:
    before = installed.files()
    assert "this is " in installed.run("meshstrap", "render", cwd=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"generated", "secrets.example.yaml"}
    installed.run("meshstrap", "init", "--name=mine", cwd=tmp_path)
    installed.run("meshstrap", "schema", cwd=tmp_path)
    assert installed.run("meshstrap", "plan", cwd=tmp_path).startswith("Inventory: cluster.yaml\n")
    assert {"cluster.yaml", "cluster.schema.json"} <= {path.name for path in tmp_path.iterdir()}
    assert installed.files() == before


def test_its_command_says_what_it_is(installed: Installed, tmp_path: Path) -> None:
    assert installed.run("meshstrap", "--version", cwd=tmp_path) == f"meshstrap {__version__}\n"
    tasks = re.findall(r"^  ([a-z]\S*) ", clone("--list", cwd=tmp_path), re.MULTILINE)
    assert re.findall(r"^  ([a-z]\S*) ", installed.run("meshstrap", "--list", cwd=tmp_path), re.MULTILINE) == tasks
    help_ = installed.run("meshstrap", "--help", cwd=tmp_path)
    assert help_ == installed.run("meshstrap", "-h", cwd=tmp_path)
    assert "--dry" not in help_
    assert set(re.findall(r"^  ([a-z]\S*)", help_, re.MULTILINE)) >= set(tasks)
    assert installed.run("meshstrap", "explain", "--help", cwd=tmp_path).startswith("Usage: meshstrap ")


def test_a_persons_own_tasks_stand_beside_ours(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(OWN_TASKS)
    listed = installed.run("invoke", "--list", cwd=tmp_path)
    assert re.search(r"^  backup +Copy it away\.$", listed, re.MULTILINE)
    assert re.search(r"^  render +Write each node's user-data", listed, re.MULTILINE)
    assert installed.run("invoke", "backup", "there", "-p", "5", cwd=tmp_path) == "there 5 all\n"
    assert "Why homelab is built" in installed.run("invoke", "explain", "--lang=en", cwd=tmp_path)
