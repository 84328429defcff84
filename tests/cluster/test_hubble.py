"""Hubble is turned on in a living cluster: its relay shows the flows of every account's node; and off again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.process import wait_until

from .cluster import Cluster
from .inventory import NODES
from .probe import PORT, Probes
from .routing import take_policy, wait_for_the_new_plan

SYSTEM = ("--namespace", "kube-system")


def turn(cluster: Cluster, *, on: bool) -> None:
    """Change the inventory, and let the policy and all nodes follow."""
    text = cluster.inventory.read_text().replace("  hubble: true\n", "", 1)
    cluster.inventory.write_text(text.replace("cilium:\n", "cilium:\n  hubble: true\n", 1) if on else text)
    cluster.render_again()
    take_policy(cluster)
    for name in NODES:
        cluster.hand_over(name)
    wait_for_the_new_plan(cluster)
    cluster.kubectl(*SYSTEM, "rollout", "status", "daemonset/cilium", "--timeout=300s", timeout=330).check()


@pytest.fixture(scope="module")
def hubble(cluster: Cluster, probes: Probes) -> Iterator[Cluster]:
    """The cluster with Hubble; without it again at the end."""
    assert probes.pods().keys() == set(NODES)
    turn(cluster, on=True)
    cluster.kubectl(*SYSTEM, "rollout", "status", "deployment/hubble-relay", "--timeout=300s", timeout=330).check()
    yield cluster
    turn(cluster, on=False)


def ask_relay(cluster: Cluster, *words: str) -> str:
    """What the relay says to Hubble's own program, asked from an agent's pod as the chart's documents have it."""
    (service,) = cluster.objects("service", "hubble-relay", *SYSTEM)
    address = f"{service['spec']['clusterIP']}:80"
    ask = (
        *SYSTEM,
        "exec",
        "daemonset/cilium",
        "--container",
        "cilium-agent",
        "--",
        "hubble",
        *words,
        "--server",
        address,
    )
    return cluster.kubectl(*ask).check().out


def test_the_relay_reaches_the_agent_of_every_node(hubble: Cluster) -> None:
    def all_connected() -> bool:
        nodes = json.loads(ask_relay(hubble, "list", "nodes", "--output", "json"))
        return {node["name"].rpartition("/")[2]: node["state"] for node in nodes} == dict.fromkeys(
            NODES, "NODE_CONNECTED"
        )

    wait_until(all_connected, "every node connected to the relay", seconds=300, every=2)


def test_it_shows_a_connection_between_two_accounts_from_both_ends(hubble: Cluster, probes: Probes) -> None:
    pods = probes.pods()
    here, there = pods["w1"], pods["w2"]
    words = ("observe", "--last", "100", "--output", "json", "--from-pod", here.name, "--to-pod", there.name)

    def seen_by_both() -> bool:
        probes.fetch(here, f"http://{there.address}:{PORT}/").check()
        flows = [json.loads(line)["flow"] for line in ask_relay(hubble, *words).splitlines() if line]
        return {flow["node_name"].rpartition("/")[2] for flow in flows} >= {"w1", "w2"}

    wait_until(seen_by_both, "the connection, as both nodes saw it", seconds=120, every=2)
