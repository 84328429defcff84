"""A node is rebooted or loses its power, and then all of them at once: the cluster heals, and nobody does anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.machine import Machine

from .cluster import Cluster
from .healing import heals_within_a_minute
from .inventory import NODES
from .outage import LITTLE, Watch
from .probe import Probes

Note = Callable[[str, object], None]
# As a person shuts a machine down, and as the cloud takes its power away.
LOSES_POWER = pytest.mark.parametrize("lose_power", [Machine.power_off, Machine.kill], ids=["shut-down", "power-cut"])


@LOSES_POWER
@pytest.mark.parametrize("name", NODES)
def test_a_node_that_was_off_comes_back_by_itself(
    cluster: Cluster, probes: Probes, name: str, lose_power: Callable[[Machine], None], record_property: Note
) -> None:
    machine = cluster.machines[name]
    others = set(NODES) - {name}
    with Watch(cluster.machines.values()) as watch:
        lose_power(machine)
        machine.boot()
        heals_within_a_minute(probes, watch)
        record_property("outage", watch.figures(*others))
        assert watch.longest(*others) <= LITTLE


@LOSES_POWER
def test_all_nodes_that_were_off_at_once_come_back_by_themselves(
    cluster: Cluster, probes: Probes, lose_power: Callable[[Machine], None], record_property: Note
) -> None:
    with Watch(cluster.machines.values()) as watch:
        for machine in cluster.machines.values():
            lose_power(machine)
        for machine in cluster.machines.values():
            machine.boot()
        heals_within_a_minute(probes, watch)
        record_property("outage", watch.figures())
