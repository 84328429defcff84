"""`invoke verify --cluster` on a living cluster: green as it is, and nothing left behind whoever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.benchmark import load_benchmark
from tests.lab.process import wait_until
from tests.lab.verifying import ROOT, Ssh

from .cluster import Cluster
from .inventory import NODES
from .supplies import Supplies
from .verified import namespaces, whole


def test_a_living_cluster_is_as_planned(ssh: Ssh, cluster: Cluster, supplies: Supplies) -> None:
    code, verdicts = whole(ssh, cluster, supplies)
    assert {f"{one.host} {one.topic}: {one.title}": one.found for one in verdicts if one.is_told} == {}
    assert code == 0
    measured = "; ".join(one.measured for one in verdicts)
    for here in NODES:
        for there in set(NODES) - {here}:
            assert f"{here} to {there} direct" in measured
            assert f"{here} to {there} " in measured
    assert namespaces(cluster) == []


def test_the_items_of_the_benchmark_are_so_in_what_runs(cluster: Cluster) -> None:
    """By the kernel's names for the programs, which end after 15 letters."""
    ask = "ps -ww -C kube-apiserver,kube-controller,kube-scheduler,etcd -o args="
    lines = [line.split() for line in cluster.machines["cp1"].bash(ask).check().out.splitlines() if line.strip()]
    running = {words[0].rpartition("/")[2]: words for words in lines}
    assert set(running) == {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}
    absent = [
        f"{item.id}: {place}"
        for item in load_benchmark().items
        for place in (item.kubeadm, item.holds)
        for program, _, setting in [place.partition(" ")]
        if program in running and f"--{setting}" not in running[program]
    ]
    assert absent == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_ends_a_verification_finds_nothing_left(
    ssh: Ssh, cluster: Cluster, supplies: Supplies, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "invoke", "verify", f"--inventory={cluster.inventory}"]
    command += [f"--ssh-config={ssh.config}", "--cluster", f"--image={supplies.probe_image}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=Path(ROOT), stdout=quiet, stderr=quiet, start_new_session=True)
    wait_until(lambda: namespaces(cluster) != [], "the verification's namespace", seconds=120)
    # As a terminal does, or as whoever kills the whole tree.
    os.killpg(process.pid, number)
    process.wait(timeout=60)
    wait_until(lambda: namespaces(cluster) == [], "nothing left", seconds=120)
