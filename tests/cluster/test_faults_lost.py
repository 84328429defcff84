"""The control plane's machine is lost: another one takes its place, by the very commands of docs/backup.md."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.lab.faults import wait_says
from tests.lab.process import wait_until

from .cluster import Cluster
from .healing import healed
from .probe import Probes

PAGE = Path(__file__).parents[2] / "docs/backup.md"
COPY = "/root/cluster.tar.gz"


def commands(heading: str) -> str:
    """What the page has to be typed as root: the first block below the heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    block = re.search(r"^ *```\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    assert block, f"{PAGE}: no commands below {heading}"
    return textwrap.dedent(block[1])


def kept(cluster: Cluster) -> tuple[str, ...]:
    """What only a copy brings back: who the cluster and its nodes are, and where the tailnet has the control plane."""
    ca = cluster.machines["cp1"].run("sha256sum", "/etc/kubernetes/pki/ca.key").check().out
    uids = sorted(node["metadata"]["uid"] for node in cluster.objects("nodes"))
    return ca, cluster.tailnet_address("cp1"), *uids


def test_a_control_plane_that_is_lost_comes_back_from_a_copy_on_another_machine(
    cluster: Cluster, probes: Probes
) -> None:
    before = kept(cluster)
    cluster.kubectl("create", "configmap", "in-the-copy").check()
    machine = cluster.machines["cp1"]
    machine.bash(commands("The copy"), timeout=300).check()
    copy = machine.run("base64", COPY).check().out
    # What it is asked while etcd is away it answers with an error, a minute later.
    ask = ("get", "nodes", "--request-timeout=10s")
    wait_until(lambda: cluster.kubectl(*ask).code == 0, "the API with its etcd again", seconds=300, every=2)
    healed(probes)
    cluster.kubectl("create", "configmap", "made-since").check()

    cluster.lab.discard(cluster.machines.pop("cp1"))
    machine = cluster.launch("cp1")
    # Its auth key was used up by the machine before.
    wait_says(machine, "no login with this auth key", state="waiting", seconds=900)
    machine.run("sh", "-c", f"umask 077; base64 -d >{COPY}", text=copy).check()
    machine.bash(commands("Back from it"), timeout=300).check()
    cluster.wait_converged(["cp1"])
    for name in set(cluster.machines) - {"cp1"}:
        cluster.machines[name].run("systemctl", "restart", "kubelet").check()
    restarted = ("daemonset/cilium", "deployment/cilium-operator", "deployment/coredns")
    cluster.kubectl("--namespace", "kube-system", "rollout", "restart", *restarted).check()
    healed(probes)
    assert kept(cluster) == before
    names = {one["metadata"]["name"] for one in cluster.objects("configmaps")}
    assert "in-the-copy" in names
    assert "made-since" not in names
    cluster.kubectl("delete", "configmap", "in-the-copy").check()
