"""A cluster with an emulated worker, whose control plane is one of the cluster lab's own machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshstrap.views.policy import policy_text
from tests.cluster.cluster import Cluster
from tests.cluster.inventory import cluster_inventory
from tests.cluster.story import start_headscale
from tests.cluster.supplies import Supplies
from tests.lab.instance import Instance
from tests.lab.lab import Lab
from tests.lab.node import settled, status
from tests.lab.process import wait_until

from .machine import BOOT_SECONDS, LOGIN, LOOK_EVERY, EmulatedMachine
from .node import paste

NODES = {"cp1": "alice", "w1": "bob"}
# How many times as long as a machine that is not emulated it may take for anything.
PATIENCE = 15
# Without a tunnel Cilium has a program less to compile there, within the five minutes that it gives the first ones.
ROUTING = "tailnet"

_NATIVE = "role: worker, shape: generic, arch: amd64,"
_EMULATED = f"role: worker, shape: generic, arch: arm64, login_user: {LOGIN},"
# Emulated on an idle machine an agent came up in one minute of the chart's ten (November 2026); then it compiles, and
# answers late. Beside other work all of it takes much longer, and to begin anew would not help.
_PROBES = """\
    startupProbe: {failureThreshold: 1800}
    livenessProbe: {failureThreshold: 60}
"""


def mixed_inventory(sources: str, values: str, trusted_ca: str) -> str:
    """The inventory of the lab's cluster with an arm64 worker.

    What this machine forces upon its own nodes (see :mod:`tests.cluster.inventory`) is waived for a whole cluster, so
    it is for the worker as well, which needs none of it: its kernel has cgroup v2 alone and a clock of its own.
    """
    text = cluster_inventory(sources, values + _PROBES, trusted_ca, nodes=NODES, routing=ROUTING)
    return text.replace(_NATIVE, _EMULATED)


class MixedCluster(Cluster):
    """A cluster whose worker is emulated: ``machines`` are all the others."""

    worker: EmulatedMachine

    @property
    def instances(self) -> Mapping[str, Instance]:
        """The machine of every node, whatever it is made of."""
        return {**self.machines, self.worker.name: self.worker}


def launch(lab: Lab, supplies: Supplies, worker: EmulatedMachine) -> MixedCluster:
    """Render both nodes, and create their instances with their user-data pasted.

    Returns when the control plane has converged: by then the worker's kernel has hardly started.
    """
    headscale = start_headscale(lab)
    inventory = mixed_inventory(supplies.sources, supplies.values, headscale.trusted_ca)
    cluster = MixedCluster(lab, headscale, supplies, inventory, lab.folder / "user")
    cluster.worker = worker
    headscale.take_policy(policy_text(cluster.plan))
    cluster.render(NODES)
    # Beside an emulated machine, which is, it would lose its leases.
    cluster.launch("cp1").prefer()
    cluster.timeline.power_on(worker.name)
    paste(lab, worker, cluster.user_data(worker.name))
    worker.boot(wait=False)
    cluster.wait_converged(["cp1"])
    return cluster


def wait_for_step(cluster: MixedCluster, step: str) -> dict[str, Any]:
    """Wait until the worker's steps up to this one hold; a run that failed is followed by the next one, by itself."""
    worker, seen = cluster.worker, dict[str, Any]()

    def holds() -> bool:
        seen.update(status(worker))
        cluster.timeline.look(worker.name, seen)
        return settled(seen, step)

    wait_until(holds, f"{worker.name}: {step}", seconds=BOOT_SECONDS, every=LOOK_EVERY)
    return seen
