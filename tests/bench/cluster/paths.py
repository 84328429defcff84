"""How much, and how fast, between two accounts: from pod to pod, over the bare tailnet, over the bare NATs.

All three ask the same iperf3 and ping of the same image; those of the last two live in the machines' own network.
"""

from __future__ import annotations

import json
import re
import statistics
from dataclasses import dataclass

from tests.cluster.cluster import Cluster
from tests.cluster.probe import Probes
from tests.lab.process import run, wait_until

HERE, THERE = "w1", "w2"
STREAMS = (1, 4)
SECONDS = 4
ROUNDS = 3
PINGS = 20
# One that the tailnet's policy opens between nodes.
PORT = 30201


@dataclass(frozen=True)
class Path:
    """From a pod on one machine to an address that leads to a pod on the other."""

    title: str
    client: str
    server: str
    address: str


@dataclass(frozen=True)
class Speed:
    """Medians. ``megabits``: Mbit/s by way (``1``, ``4``, ``1 back``, ``4 back``); ``milliseconds``: a ping idle."""

    megabits: dict[str, float]
    milliseconds: float


def measure_paths(cluster: Cluster, image: str) -> dict[str, Speed]:
    """Every path in turn, several times over, so that what else goes on meets all of them."""
    paths = _make_paths(cluster, image)
    ways = {f"{streams}{way}": (streams, way) for way in ("", " back") for streams in STREAMS}
    found: dict[str, dict[str, list[float]]] = {path.title: {way: [] for way in (*ways, "ping")} for path in paths}
    for _ in range(ROUNDS):
        for path in paths:
            found[path.title]["ping"].append(_ping(cluster, path))
            for way, (streams, back) in ways.items():
                found[path.title][way].append(_iperf(cluster, path, streams, back=bool(back)))
    return {
        title: Speed({way: statistics.median(said[way]) for way in ways}, statistics.median(said["ping"]))
        for title, said in found.items()
    }


def _make_paths(cluster: Cluster, image: str) -> list[Path]:
    pods = Probes(cluster, image).pods()
    cluster.apply(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [_host_pod(n, image) for n in (HERE, THERE)]})
    )
    hosts = {node: f"host-{node}" for node in (HERE, THERE)}
    cluster.kubectl(
        "wait", "--for=condition=Ready", *(f"pod/{name}" for name in hosts.values()), "--timeout=120s"
    ).check()
    account = cluster.machines[THERE].account
    # Its account lets nothing in that was not asked for: the measured machine is opened for the bare path.
    open_it = ("insert", "rule", "ip", "filter", "through", "iifname", "wan", "accept")
    run(["ip", "netns", "exec", account.router, "nft", *open_it]).check()
    return [
        Path("pod to pod", pods[HERE].name, pods[THERE].name, pods[THERE].address),
        Path("tailnet", hosts[HERE], hosts[THERE], cluster.tailnet_address(THERE)),
        Path("NAT to NAT", hosts[HERE], hosts[THERE], f"203.0.113.{100 + account.index}"),
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


def _iperf(cluster: Cluster, path: Path, streams: int, *, back: bool) -> float:
    cluster.in_pod(path.server, ["iperf3", "--server", "--one-off", "--daemon", "--port", str(PORT)]).check()
    words = ["iperf3", "--client", path.address, "--port", str(PORT), "--time", str(SECONDS), "--omit", "1", "--json"]
    words += ["--parallel", str(streams), *(["--reverse"] if back else [])]
    answers: list[float] = []

    def measured() -> bool:
        # The server may not listen yet.
        asked = cluster.in_pod(path.client, words, timeout=120)
        if asked.code == 0:
            answers.append(json.loads(asked.out)["end"]["sum_received"]["bits_per_second"] / 1e6)
        return bool(answers)

    wait_until(measured, f"{path.title}: iperf3", seconds=60, every=0.5)
    return answers[0]


def _ping(cluster: Cluster, path: Path) -> float:
    asked = cluster.in_pod(path.client, ["ping", "-q", "-c", str(PINGS), "-i", "0.1", path.address], timeout=60).check()
    said = re.search(r"= [\d.]+/([\d.]+)/", asked.out)
    return float(said[1]) if said else float("nan")
