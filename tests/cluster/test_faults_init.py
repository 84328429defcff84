"""The control plane's power is cut while kubeadm's init and Helm's install run, and at every step boundary behind them.

kubeadm names each phase on its output when it begins; the cut comes at that word.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.conftest import CACHE
from tests.lab.lab import Lab
from tests.lab.node import bootstrap
from tests.lab.process import wait_until
from tests.lab.programs import program_folder

from .cluster import Cluster
from .coordination import Headscale
from .cuts import Comes, Cuttable, converged, said
from .healing import has_converged
from .inventory import cluster_inventory
from .supplies import Supplies

# In the order in which a run comes to them; a run that goes on after a cut comes to the next.
INIT = {
    "certificates": lambda node: node.has("/etc/kubernetes/pki.new/ca.crt"),
    "kubeconfigs": lambda node: node.has("/etc/kubernetes/admin.conf"),
    "manifests": lambda node: node.has("/etc/kubernetes/manifests/kube-apiserver.yaml"),
    "kubelet-start": lambda node: node.has("/var/lib/kubelet/config.yaml"),
    "etcd": lambda node: node.has("/var/lib/etcd/member/wal"),
}
REGISTERING = {
    "wait-control-plane": said(r"^\[control-plane-check\]"),
    "upload-config": said(r"^\[upload-config\]"),
    "mark-control-plane": said(r"^\[mark-control-plane\]"),
    "addons": said(r"^\[addons\]"),
    "control_plane": converged("control_plane"),
}
INSTALL = {
    "helm": lambda node: node.runs("upgrade --install"),
    "pulling": said(r" cilium: for Cilium on cp1"),
    "cilium": converged("cilium"),
    "cluster_policies": converged("cluster_policies"),
    "kubeconfig": converged("kubeconfig"),
    "node_ready": converged("node_ready"),
}


@pytest.fixture(scope="module")
def control_plane(supplies: Supplies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Cuttable]]:
    """A control plane of a cluster of its own, kept as it was before its first init."""
    folder = tmp_path_factory.mktemp("init")
    with Lab(folder / "lab", CACHE) as lab:
        supplies.serve(lab)
        headscale = Headscale(lab.segment, lab.folder / "headscale", program_folder("headscale", lab.cache))
        lab.undo.append(headscale.down)
        headscale.start()
        inventory = cluster_inventory(supplies.sources, supplies.values, headscale.trusted_ca)
        made = Cluster(lab, headscale, supplies, inventory, lab.folder / "user")
        made.render(["cp1"])
        node = Cuttable(made, "cp1")
        lab.undo.append(node.remove)
        lab.launch(node.machine, made.user_data("cp1"))
        node.wait_for(converged("kubelet"), "the time before init")
        node.machine.power_off()
        node.keep(folder / "before-init")
        yield made, node
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("moments", [INIT, REGISTERING, INSTALL], ids=["init", "registering", "install"])
def test_a_control_plane_whose_power_is_cut_at_each_of_these_moments_converges(
    control_plane: tuple[Cluster, Cuttable], moments: dict[str, Comes], tmp_path: Path
) -> None:
    cluster, node = control_plane
    node.restore(cluster.lab.folder.parent / "before-init")
    node.machine.boot()
    for name, comes in moments.items():
        node.wait_for(comes, name)
        node.cut()
        node.machine.boot()
    wait_until(lambda: has_converged(node.machine), "converged", seconds=600, every=1)
    assert bootstrap(node.machine, "--check").code == 0
    cluster.kubectl("--namespace", "kube-system", "rollout", "status", "deployment/coredns", timeout=300).check()
