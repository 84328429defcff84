"""Fixtures of the emulated machines: what they are made of, and one of them for all tests of a file."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.evidence_report import EvidenceReporter
from tests.lab.conftest import CACHE
from tests.lab.lab import Lab
from tests.lab.network import Account
from tests.lab.parts import EMULATED, Parts
from tests.lab.process import run
from tests.lab.report import EVIDENCE, Reporter
from tests.lab.turn import Turn
from tests.lab.vendors import Sources

from . import clock
from .disk import arm64_disk
from .joining import ROUTING
from .machine import EmulatedMachine
from .supplies import serve_arm64

# It takes longer than all others together, and needs what the cluster lab builds as well.
JOINS = Path(__file__).with_name("test_arm64_worker_joins.py")


@pytest.fixture(scope="session")
def cache() -> Path:
    """Where the disk and the programs are kept between runs; never needed, only faster."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


@pytest.fixture(scope="session")
def sources(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """The vendors' repositories."""
    return serve_arm64(tmp_path_factory.mktemp("sources") / "web", cache)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, cache: Path, sources: Sources) -> Iterator[Lab]:
    """A lab with its web server."""
    folder = tmp_path_factory.mktemp("arm64")
    with Lab(folder / "lab", cache) as made:
        made.serve(sources.folder)
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def seed() -> str:
    """What the random moments are drawn from: ``MESHSTRAP_LAB_SEED`` draws the same ones again."""
    return os.environ.get("MESHSTRAP_LAB_SEED") or os.urandom(4).hex()


@pytest.fixture(scope="module")
def disk(cache: Path) -> Path:
    """What the machine's boot volume begins with; a file of tests may have another one."""
    return arm64_disk(cache)


@pytest.fixture(scope="module")
def machine(lab: Lab, disk: Path, request: pytest.FixtureRequest) -> Iterator[EmulatedMachine]:
    """A machine without power in an account of its own; its console and journal stay when a test fails."""
    folder, failed = lab.folder / "w1", request.session.testsfailed
    account = Account(lab.segment, "w1", 11, folder / "account")
    lab.accounts.append(account)
    account.up()
    account.serve(sys.executable, str(Path(clock.__file__)))
    key = lab.folder / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]).check()
    made = EmulatedMachine("w1", account, disk, folder / "machine", key)
    lab.undo.append(made.remove)
    yield made
    if request.session.testsfailed > failed:
        _keep_evidence(made, EVIDENCE / "arm64" / Path(request.node.name).stem)


def _keep_evidence(machine: EmulatedMachine, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in machine.folder.glob("*.log"):
        shutil.copy(log, folder)
    if machine.running:
        (folder / "journal").write_text(machine.journal())
        (folder / "status.json").write_text(machine.run("cat", "/var/lib/meshstrap/status.json").out)
    print(f"\nwhat the machine left behind: {folder}")  # noqa: T201 - pytest shows it with the failure


def pytest_configure(config: pytest.Config) -> None:
    """Wait for this lab's turn, and run a part of it; told to end, clean up like at Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.pluginmanager.register(Parts(config, [EMULATED], "tests/arm64"), "lab-parts")
    if not config.option.collectonly:
        config.pluginmanager.register(Turn(config, "the arm64 lab"), "lab-turn")
    config.pluginmanager.register(Reporter(config, "arm64"), "lab-report")
    config.pluginmanager.register(EvidenceReporter(config, f"tests/arm64/{JOINS.name}", ROUTING), "cluster-evidence")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker joins a cluster when it is asked for, by ``--all`` or by name, and last."""
    joins = [item for item in items if item.path == JOINS]
    items[:] = [item for item in items if item.path != JOINS]
    if config.getoption("--all") or any(JOINS.name in argument for argument in config.args):
        items += joins
    else:
        config.hook.pytest_deselected(items=joins)
