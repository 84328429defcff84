"""Traps in Cilium's settings, each set upon single nodes by a CiliumNodeConfig, and the node then as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.network import SERVERS

from .capture import Capture
from .cluster import Cluster
from .probe import NODE_PORT, PORT, Probes

AGENTS = "k8s-app=cilium"
TAILNET_MTU = 1280


def restart_agents(cluster: Cluster, nodes: tuple[str, ...]) -> None:
    """Restart the agents of these nodes, and wait for them."""
    for node in nodes:
        known = ("--namespace", "kube-system", "--selector", AGENTS, "--field-selector", f"spec.nodeName={node}")
        cluster.kubectl("delete", "pods", *known, "--wait=true").check()
    cluster.kubectl(
        "rollout", "status", "--namespace", "kube-system", "daemonset/cilium", "--timeout=180s", timeout=200
    ).check()


@contextmanager
def agents_with(cluster: Cluster, nodes: tuple[str, ...], settings: dict[str, str]) -> Iterator[None]:
    """The agents of these nodes with other settings than those of the plan."""
    chosen = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)}
    override = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNodeConfig",
        "metadata": {"name": "trap", "namespace": "kube-system"},
        "spec": {"nodeSelector": {"matchExpressions": [chosen]}, "defaults": settings},
    }
    cluster.apply(json.dumps(override))
    try:
        restart_agents(cluster, nodes)
        yield
    finally:
        cluster.kubectl("delete", "ciliumnodeconfig", "trap", "--namespace", "kube-system").check()
        restart_agents(cluster, nodes)


def born_again(probes: Probes, *nodes: str) -> None:
    """New pods on these nodes: a pod keeps the devices that it was born with."""
    for pod in (probes.pods()[node] for node in nodes):
        probes.cluster.kubectl("delete", "pod", pod.name, "--wait=true").check()
    probes.wait_ready()


def fragments(probes: Probes, size: int) -> tuple[bool, int]:
    """Send packets that nobody may fragment from w1 to w2: whether they arrive, and how many fragments left w1."""
    seen = Capture(probes.cluster.machines["w1"].account.machine, "tailscale0", "ip[6:2] & 0x3fff != 0")
    with seen:
        arrived = probes.ping("w1", "w2", size).code == 0
    return arrived, len(seen.packets)


def test_a_larger_mtu_answers_a_ping_and_breaks_every_full_packet_in_two(probes: Probes) -> None:
    with agents_with(probes.cluster, ("w1", "w2"), {"mtu": str(TAILNET_MTU + 50)}):
        born_again(probes, "w1", "w2")
        # The packet may not be fragmented, but the one around it may: a ping sees nothing.
        arrived, broken = fragments(probes, TAILNET_MTU)
        assert arrived
        assert broken
    born_again(probes, "w1", "w2")


def test_with_the_planned_mtu_no_packet_is_broken(probes: Probes) -> None:
    assert fragments(probes, TAILNET_MTU - 50) == (True, 0)
    assert fragments(probes, TAILNET_MTU) == (False, 0)


@contextmanager
def booted_with_devices(probes: Probes, node: str, devices: str) -> Iterator[None]:
    """The node booted with Cilium on these devices alone: what ran before would stay attached to the others."""
    machine = probes.cluster.machines[node]
    with agents_with(probes.cluster, (node,), {"devices": devices}):
        machine.kill()
        machine.boot()
        probes.wait_born_since_boot(node)
        yield
    machine.kill()
    machine.boot()
    probes.wait_born_since_boot(node)


def test_on_the_tailnet_alone_no_pod_reaches_the_internet(probes: Probes) -> None:
    with booted_with_devices(probes, "w2", "tailscale0"):
        assert probes.fetch(probes.pods()["w2"], f"http://{SERVERS}/").code != 0
        probes.fetch(probes.pods()["w2"], f"http://{probes.pods()['w1'].address}:{PORT}/").check()
    probes.fetch(probes.pods()["w2"], f"http://{SERVERS}/").check()


def test_on_the_network_card_alone_no_node_port_answers_the_tailnet(probes: Probes) -> None:
    # Outside of the machine's cgroups, where Cilium does not see a connection begin: as any member of the tailnet.
    stranger, address = probes.cluster.machines["w1"], probes.cluster.tailnet_address("w2")
    ask = ("curl", "-sS", "--max-time", "4", f"http://{address}:{NODE_PORT}/")
    with booted_with_devices(probes, "w2", "ens3"):
        assert stranger.run(*ask).code != 0
    stranger.run(*ask).check()


@pytest.mark.parametrize("mark", ["0", "1"])
def test_src_valid_mark_makes_no_difference_here(probes: Probes, mark: str) -> None:
    machine, pod = probes.cluster.machines["w1"], probes.pods()["w1"]
    machine.run("sysctl", "-w", f"net.ipv4.conf.all.src_valid_mark={mark}").check()
    for _ in range(5):
        machine.run_as_unit("curl", "-sS", "--max-time", "4", f"http://{pod.address}:{PORT}/").check()
        machine.run_as_unit("curl", "-sS", "--max-time", "4", f"http://{probes.cluster_ip}/").check()
    machine.run("sysctl", "-w", "net.ipv4.conf.all.src_valid_mark=1").check()


def test_reverse_path_filtering_on_all_devices_cuts_a_node_off_from_its_own_pods(probes: Probes) -> None:
    machine, pod = probes.cluster.machines["w1"], probes.pods()["w1"]
    ask = ("curl", "-sS", "--max-time", "4", f"http://{pod.address}:{PORT}/")
    assert machine.read("/proc/sys/net/ipv4/conf/all/rp_filter").strip() == "0"
    machine.run_as_unit(*ask).check()
    machine.run("sysctl", "-w", "net.ipv4.conf.all.rp_filter=1").check()
    assert machine.run_as_unit(*ask).code != 0
    # What the plan says of it is what a run puts back.
    machine.run("bash", "/opt/meshstrap/bootstrap.sh", timeout=300).check()
    assert machine.read("/proc/sys/net/ipv4/conf/all/rp_filter").strip() == "0"
    machine.run_as_unit(*ask).check()
    probes.wait_ready()
