"""One cluster for all tests of a run: launched as the story goes, then looked at, disturbed and healed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.lab.conftest import CACHE, pytest_runtest_makereport
from tests.lab.lab import Lab
from tests.lab.parts import CLUSTER, ROUTED_CLUSTER, Parts
from tests.lab.report import EVIDENCE, Reporter
from tests.lab.turn import Turn
from tests.lab.verifying import Ssh

from .cluster import Cluster
from .coordination import Headscale
from .evidence_report import EvidenceReporter
from .outages import Outages
from .probe import Probes
from .story import launch_story, start_headscale
from .supplies import Supplies, make_supplies

__all__ = ["pytest_runtest_makereport"]

# What is looked at first must not have been disturbed yet.
ORDER = ("test_story", "test_network", "test_twice", "test_verify")
# What leaves the most behind if it fails comes last.
LAST = (
    "test_faults_tailnet",
    "test_faults_late",
    "test_faults_join",
    "test_faults_power",
    "test_faults_init",
    "test_faults_lost",
)


@pytest.fixture(scope="session")
def supplies(tmp_path_factory: pytest.TempPathFactory) -> Supplies:
    """What the nodes download."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return make_supplies(tmp_path_factory.mktemp("supplies") / "web", CACHE)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, supplies: Supplies, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab of the run, with its servers."""
    folder = tmp_path_factory.mktemp("cluster")
    with Lab(folder / "lab", CACHE) as made:
        supplies.serve(made)
        yield made
        if request.session.testsfailed:
            made.keep_evidence(EVIDENCE / "cluster")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def headscale(lab: Lab) -> Headscale:
    """The tailnet's coordination server."""
    return start_headscale(lab)


@pytest.fixture(scope="session")
def cluster(lab: Lab, headscale: Headscale, supplies: Supplies, request: pytest.FixtureRequest) -> Cluster:
    """The story: workers first, the control plane later, and then nobody touches anything."""
    return launch_story(lab, headscale, supplies, routing=request.config.getoption("--routing"))


@pytest.fixture(scope="session")
def probes(cluster: Cluster, supplies: Supplies) -> Probes:
    """A pod on every node."""
    return Probes(cluster, supplies.probe_image)


@pytest.fixture(scope="session")
def ssh(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Ssh:
    """The way to every node, as its login user."""
    made = Ssh(tmp_path_factory.mktemp("ssh"), "debian")
    for machine in cluster.machines.values():
        made.let_in(machine)
        machine.run("chown", "-R", "debian:", "/home/debian/.ssh").check()
    return made


def pytest_configure(config: pytest.Config) -> None:
    """Wait for this lab's turn, run a part of it, and report what was proven."""
    if not config.option.collectonly:
        config.pluginmanager.register(Turn(config, "the cluster lab"), "lab-turn")
    config.pluginmanager.register(Reporter(config), "lab-report")
    config.pluginmanager.register(Parts(config, [CLUSTER, ROUTED_CLUSTER], "tests/cluster"), "lab-parts")
    config.pluginmanager.register(Outages(), "cluster-outages")
    config.pluginmanager.register(EvidenceReporter(config), "cluster-evidence")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look before disturbing."""
    order = dict(zip(ORDER, range(-len(ORDER), 0), strict=True)) | dict(zip(LAST, range(1, len(LAST) + 1), strict=True))
    items.sort(key=lambda item: order.get(item.path.stem, 0))
