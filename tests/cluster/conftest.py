"""One cluster for all tests of a run: launched as the story goes, then looked at, disturbed and healed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest

from tests.lab.conftest import CACHE, pytest_runtest_makereport
from tests.lab.lab import Lab
from tests.lab.programs import program_folder
from tests.lab.report import EVIDENCE, Reporter

from .cluster import Cluster
from .coordination import Headscale
from .evidence_report import EvidenceReporter
from .inventory import NODES, cluster_inventory
from .probe import Probes
from .supplies import Supplies, make_supplies

__all__ = ["pytest_runtest_makereport"]

# What is looked at first must not have been disturbed yet.
ORDER = ("test_story", "test_network", "test_twice")

# How long the workers run before the control plane's machine is created.
LATER_SECONDS = 60


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
    made = Headscale(lab.segment, lab.folder / "headscale", program_folder("headscale", lab.cache))
    lab.undo.append(made.down)
    made.start()
    return made


@pytest.fixture(scope="session")
def cluster(lab: Lab, headscale: Headscale, supplies: Supplies) -> Cluster:
    """The story: workers first, the control plane later, and then nobody touches anything."""
    inventory = cluster_inventory(supplies.sources, supplies.values, headscale.trusted_ca)
    made = Cluster(lab, headscale, supplies, inventory, lab.folder / "user")
    made.render(NODES)
    for name in NODES:
        if name != "cp1":
            made.launch(name)
    time.sleep(LATER_SECONDS)
    made.launch("cp1")
    made.wait_converged()
    return made


@pytest.fixture(scope="session")
def probes(cluster: Cluster, supplies: Supplies) -> Probes:
    """A pod on every node."""
    return Probes(cluster, supplies.probe_image)


def pytest_configure(config: pytest.Config) -> None:
    """Report what was proven."""
    config.pluginmanager.register(Reporter(config), "lab-report")
    config.pluginmanager.register(EvidenceReporter(config), "cluster-evidence")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look before disturbing."""
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER))
