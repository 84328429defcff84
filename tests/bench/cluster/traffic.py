"""What is sent along one path, and what comes of it: iperf3 and ping in pods, and what tailscaled spends on it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from tests.cluster.cluster import Cluster
from tests.lab.machine import Machine
from tests.lab.process import wait_until

# Each measurement's length, and the pings of an idle path. Seconds, and a number.
SECONDS = 4
PINGS = 20
# Payload of the small packets: about that of a question to a name server. Bytes.
SMALL = 100
# One that the tailnet's policy opens between nodes.
PORT = 30201


@dataclass(frozen=True)
class Path:
    """From a pod on one machine to an address that leads to a pod on the other."""

    title: str
    client: str
    server: str
    address: str


def throughput(cluster: Cluster, path: Path, streams: int, *, back: bool) -> float:
    """Mbit/s of TCP, after a second that does not count."""
    words = ["--omit", "1", "--parallel", str(streams), *(["--reverse"] if back else [])]
    return float(_iperf(cluster, path, *words)["sum_received"]["bits_per_second"]) / 1e6


def small_packets(cluster: Cluster, path: Path) -> float:
    """UDP datagrams of :data:`SMALL` bytes that arrive in a second, sent as fast as the sender can."""
    said = _iperf(cluster, path, "--udp", "--length", str(SMALL), "--bitrate", "0")["sum"]
    return float(said["packets"] - said["lost_packets"]) / float(said["seconds"])


def idle_ping(cluster: Cluster, path: Path) -> float:
    """Milliseconds there and back, on average."""
    words = ["ping", "-q", "-c", str(PINGS), "-i", "0.1", path.address]
    return _milliseconds(cluster.in_pod(path.client, words, timeout=60).check().out)


def under_load(cluster: Cluster, path: Path, ends: tuple[Machine, Machine]) -> tuple[float, float]:
    """A ping beside one TCP stream, ms; and CPU seconds of both tailscaled for a Gbit of that stream."""
    count = SECONDS * 10
    ping = f"ping -q -c {count} -i 0.1 {path.address} >/tmp/ping & "
    before = sum(map(_cpu_seconds, ends))
    said = _iperf(cluster, path, shell=ping)
    spent = sum(map(_cpu_seconds, ends)) - before
    pinged = _milliseconds(cluster.in_pod(path.client, ["cat", "/tmp/ping"]).check().out)
    return pinged, spent / (float(said["sum_received"]["bytes"]) * 8 / 1e9)


def _cpu_seconds(machine: Machine) -> float:
    fields = machine.bash("cat /proc/$(pidof tailscaled)/stat").check().out.rpartition(")")[2].split()
    # utime and stime, by proc_pid_stat(5).
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _milliseconds(said: str) -> float:
    found = re.search(r"= [\d.]+/([\d.]+)/", said)
    return float(found[1]) if found else float("nan")


def _iperf(cluster: Cluster, path: Path, *words: str, shell: str = "") -> dict[str, Any]:
    """What iperf3 says at its end; ``shell`` is begun just before it."""
    cluster.in_pod(path.server, ["iperf3", "--server", "--one-off", "--daemon", "--port", str(PORT)]).check()
    ask = ["iperf3", "--client", path.address, "--port", str(PORT), "--time", str(SECONDS), "--json", *words]
    answers: list[dict[str, Any]] = []

    def measured() -> bool:
        # The server may not listen yet.
        asked = cluster.in_pod(path.client, ["sh", "-c", f"{shell}{' '.join(ask)} && wait"], timeout=120)
        if asked.code == 0:
            answers.append(json.loads(asked.out)["end"])
        return bool(answers)

    wait_until(measured, f"{path.title}: iperf3", seconds=60, every=0.5)
    return answers[0]
