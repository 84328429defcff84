"""Fixtures of the lab: trees and programs built once, one lab a test, and what a failed test leaves behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .interrupt import Calm, be_calm
from .lab import Lab
from .machine import Machine
from .node import Rendered, lab_inventory, render
from .parts import NODE_LAB, Parts
from .process import Daemon
from .report import EVIDENCE, Reporter
from .statuses import KeptStatus, hold
from .tree import SUITES, base_tree
from .turn import Turn
from .vendors import Sources, serve_sources

CACHE = Path(os.environ.get("MESHSTRAP_LAB_CACHE") or Path.home() / ".cache/meshstrap-lab")


@pytest.fixture(scope="session")
def cache() -> Path:
    """Where trees and programs are kept between runs; never needed, only faster."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


@pytest.fixture(scope="session")
def sources(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """The vendors' repositories."""
    # Several workers of pytest begin here at once; the first builds, the others find it built.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        trees = [base_tree(suite, cache) for suite in SUITES]
        return serve_sources(tmp_path_factory.mktemp("sources") / "web", cache, trees)


@pytest.fixture
def lab(tmp_path: Path, cache: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of its own; journals, status files and consoles stay in one folder when the test fails."""
    with Lab(tmp_path / "lab", cache) as made:
        yield made
        report = getattr(request.node, "call_report", None)
        if report is not None and report.failed:
            evidence = EVIDENCE / request.node.name
            made.keep_evidence(evidence)
            print(f"\nwhat the machines left behind: {evidence}")  # noqa: T201 - pytest shows it with the failure
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_lab(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, sources: Sources, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """A lab with its web server for all tests of a file, for machines that they only look at."""
    folder = tmp_path_factory.mktemp("shared")
    failed = request.session.testsfailed
    with Lab(folder / "lab", cache) as made:
        made.serve(sources.folder)
        yield made
        if request.session.testsfailed > failed:
            evidence = EVIDENCE / request.node.name
            made.keep_evidence(evidence)
            print(f"\nwhat the machines left behind: {evidence}")  # noqa: T201 - pytest shows it with the failure
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def calm(cache: Path, sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """A machine that was never disturbed: where all others begin, and what they are held to."""
    volume = ", block_volume: {device: /dev/oracleoci/oraclevdb, size_gib: 50, format: true}"
    return be_calm(tmp_path_factory.mktemp("calm"), cache, render(lab_inventory(sources, node=volume)), sources)


@pytest.fixture(scope="session")
def seed() -> str:
    """What the random moments are drawn from: ``MESHSTRAP_LAB_SEED`` draws the same ones again."""
    return os.environ.get("MESHSTRAP_LAB_SEED") or os.urandom(4).hex()


@pytest.fixture
def kept_status(update_golden: bool) -> KeptStatus:
    """Hold what a node says under a fault to what was read once: ``kept_status("a-fault", status(machine))``."""

    def keep(fault: str, said: Mapping[str, Any]) -> None:
        hold(fault, said, update=update_golden)

    return keep


@pytest.fixture
def servers(lab: Lab, sources: Sources) -> Daemon:
    """The web server with the vendors' repositories, on the lab's internet."""
    return lab.serve(sources.folder)


@pytest.fixture
def launch(lab: Lab, servers: Daemon, sources: Sources) -> Callable[..., Machine]:
    """Launch a rendered node on a machine of its own, as on OCI: ``launch(rendered, suite="trixie", packed=False)``."""

    def start(rendered: Rendered, *, suite: str = "trixie", packed: bool = False) -> Machine:
        machine = lab.machine(rendered.node.name, suite=suite)
        lab.use_distribution(machine, sources)
        user_data = rendered.user_data
        lab.launch(machine, user_data.b64 if packed else lab.encode(user_data.text))
        return machine

    return start


def pytest_configure(config: pytest.Config) -> None:
    """Wait for this lab's turn, run a part of it, and report what was proven; told to end, clean up like at Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.pluginmanager.register(Parts(config, [NODE_LAB], "tests/lab"), "lab-parts")
    if not hasattr(config, "workerinput"):
        if not config.option.collectonly:
            config.pluginmanager.register(Turn(config, "the node lab"), "lab-turn")
        config.pluginmanager.register(Reporter(config), "lab-report")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep each test's own report where its fixtures can see it."""
    report = yield
    if report.when == "call":  # type: ignore[attr-defined] # pytest hands the report through the generator
        item.call_report = report  # type: ignore[attr-defined] # read by the fixture above
    return report
