"""How much, and how fast, between two accounts: from pod to pod, over the bare tailnet, over the bare NATs.

All ask the same iperf3 and ping of the same image; those of the bare paths live in the machines' own network.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence

from tests.cluster.cluster import Cluster
from tests.cluster.probe import Probes
from tests.cluster.routing import change_routing
from tests.lab.process import run

from .traffic import Path, idle_ping, small_packets, throughput, under_load

HERE, THERE = "w1", "w2"
# Number of TCP streams, and whether they run the other way.
WAYS = {"1": (1, False), "4": (4, False), "1 back": (1, True), "4 back": (4, True)}
ROUNDS = 3
TAILNET, VXLAN, ROUTED, NATS = "tailnet", "VXLAN", "tailnet routing", "NAT to NAT"

Speed = dict[str, float]
"""Medians: Mbit/s by the names of :data:`WAYS`; ``idle`` and ``loaded``: a ping, ms; ``packets``: small ones a second;
``cpu``: seconds of both tailscaled for a Gbit."""


def measure_paths(cluster: Cluster, image: str) -> dict[str, dict[str, Speed]]:
    """Path → its figures, and those of the bare tailnet measured in alternation with it."""
    probes = Probes(cluster, image)
    bare = _bare_paths(cluster, image)
    found = _in_turn(cluster, [_pods(probes, VXLAN), *bare])
    change_routing(cluster, probes, "tailnet")
    routed = _in_turn(cluster, [_pods(probes, ROUTED), bare[0]])
    ways = {VXLAN: found, ROUTED: routed, NATS: found}
    return {title: {"ours": rounds[title], TAILNET: rounds[TAILNET]} for title, rounds in ways.items()}


def _in_turn(cluster: Cluster, paths: Sequence[Path]) -> dict[str, Speed]:
    """Every path in turn, several times over, so that what else goes on meets all of them."""
    rounds: dict[str, list[Speed]] = {path.title: [] for path in paths}
    for _ in range(ROUNDS):
        for path in paths:
            rounds[path.title].append(_measure(cluster, path))
    return {
        title: {name: statistics.median(one[name] for one in found) for name in found[0]}
        for title, found in rounds.items()
    }


def _measure(cluster: Cluster, path: Path) -> Speed:
    found = {"idle": idle_ping(cluster, path)}
    found |= {way: throughput(cluster, path, streams, back=back) for way, (streams, back) in WAYS.items()}
    ends = cluster.machines[HERE], cluster.machines[THERE]
    found["loaded"], found["cpu"] = under_load(cluster, path, ends)
    found["packets"] = small_packets(cluster, path)
    return found


def _pods(probes: Probes, title: str) -> Path:
    pods = probes.pods()
    return Path(title, pods[HERE].name, pods[THERE].name, pods[THERE].address)


def _bare_paths(cluster: Cluster, image: str) -> list[Path]:
    manifests = {"apiVersion": "v1", "kind": "List", "items": [_host_pod(node, image) for node in (HERE, THERE)]}
    cluster.apply(json.dumps(manifests))
    hosts = {node: f"host-{node}" for node in (HERE, THERE)}
    pods = [f"pod/{name}" for name in hosts.values()]
    cluster.kubectl("wait", "--for=condition=Ready", *pods, "--timeout=120s").check()
    account = cluster.machines[THERE].account
    # Its account lets nothing in that was not asked for: the measured machine is opened for the bare path.
    open_it = ("insert", "rule", "ip", "filter", "through", "iifname", "wan", "accept")
    run(["ip", "netns", "exec", account.router, "nft", *open_it]).check()
    return [
        Path(TAILNET, hosts[HERE], hosts[THERE], cluster.tailnet_address(THERE)),
        Path(NATS, hosts[HERE], hosts[THERE], f"203.0.113.{100 + account.index}"),
    ]


def _host_pod(node: str, image: str) -> dict[str, object]:
    container = {"name": "host", "image": image, "command": ["sleep", "infinity"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"host-{node}"},
        "spec": {
            "nodeName": node,
            "hostNetwork": True,
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
        },
    }
