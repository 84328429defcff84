"""A worker's power is cut while kubeadm's join runs, and at every step boundary behind it; the others do not notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.lab.node import bootstrap

from .cluster import Cluster
from .cuts import Cuttable, converged, said
from .healing import healed
from .inventory import NODES
from .late import give_tokens, remove, removed_at_last, render, tokens, wait_joined
from .outage import LITTLE, Watch
from .probe import Probes

LATE = "w3"
# In the order in which a run comes to them; a run that goes on after a cut comes to the next.
MOMENTS = {
    "kubelet": converged("kubelet"),
    "preflight": said(r"^\[preflight\]"),
    "bootstrap-kubeconfig": lambda node: node.has("/etc/kubernetes/bootstrap-kubelet.conf"),
    "kubelet-start": said(r"^\[kubelet-start\] Starting the kubelet"),
    "credentials": lambda node: node.has("/etc/kubernetes/kubelet.conf"),
    "join": converged("join"),
    "pulling": said(r" node_ready: for Ready"),
    "node_ready": converged("node_ready"),
}


@pytest.fixture
def late(cluster: Cluster, probes: Probes) -> Iterator[Cuttable]:
    """A worker whose token the cluster knows, on a disk that forgets, just launched."""
    render(cluster, LATE, cluster.headscale.mint_key())
    give_tokens(cluster, tokens(cluster, LATE))
    with removed_at_last(cluster, LATE):
        node = Cuttable(cluster, LATE)
        cluster.lab.launch(node.machine, cluster.user_data(LATE))
        yield node
    node.remove()


def test_a_worker_whose_power_is_cut_at_each_of_these_moments_joins(
    cluster: Cluster, probes: Probes, late: Cuttable, record_property: Callable[[str, object], None]
) -> None:
    with Watch([cluster.machines[name] for name in NODES]) as watch:
        for name, comes in MOMENTS.items():
            late.wait_for(comes, name)
            late.cut()
            late.machine.boot()
        wait_joined(cluster, LATE)
        healed(probes)
        assert bootstrap(late.machine, "--check").code == 0
        remove(cluster, LATE)
        healed(probes)
        record_property("outage", f"{watch.longest():.1f} s between the others")
        assert watch.longest() <= LITTLE
