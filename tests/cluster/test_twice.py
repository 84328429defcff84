"""A second run on every node of a living cluster: nothing changes, nothing restarts, no connection is dropped."""

from __future__ import annotations

import pytest

from tests.lab.twice import Run, watch

from .cluster import Cluster
from .inventory import NODES
from .late import untouched
from .probe import Probes
from .stream import Stream


@pytest.fixture(scope="module")
def before(cluster: Cluster, probes: Probes) -> dict[str, object]:
    """What ran before the second run."""
    return untouched(cluster, *probes.pods())


@pytest.fixture(scope="module")
def stream(probes: Probes) -> Stream:
    """Between two pods of two accounts."""
    return Stream(probes.cluster.machines["w1"], probes.pods()["w2"].address)


@pytest.fixture(scope="module")
def second(cluster: Cluster, before: dict[str, object], stream: Stream) -> dict[str, Run]:
    """The second run of every node, while the stream runs."""
    with stream:
        return {name: watch(machine) for name, machine in cluster.machines.items()}


@pytest.mark.parametrize("name", NODES)
def test_the_second_run_reports_no_change(second: dict[str, Run], name: str) -> None:
    assert second[name].result.code == 0
    assert {level for step, level in second[name].levels.items() if step != "-"} == {"ok"}
    assert second[name].result.err.splitlines()[-1].endswith(" steps, changed=0")


@pytest.mark.parametrize("name", NODES)
def test_the_second_run_writes_no_file_but_the_status(second: dict[str, Run], name: str) -> None:
    assert second[name].written == ()


@pytest.mark.parametrize("name", NODES)
def test_the_second_run_restarts_no_unit(second: dict[str, Run], name: str) -> None:
    assert second[name].restarted == ()


def test_the_second_runs_restart_no_pod(cluster: Cluster, before: dict[str, object], second: dict[str, Run]) -> None:
    assert second
    assert untouched(cluster, *second) == before


def test_a_connection_and_a_ping_from_pod_to_pod_run_through_the_second_runs(
    stream: Stream, second: dict[str, Run]
) -> None:
    assert second
    assert stream.answers > 10
    assert stream.pings > 10
    assert stream.lost == 0
