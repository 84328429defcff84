"""`invoke verify --cluster` on a living cluster: green as it is, and each fault seen by its own check alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshstrap.fleet.cluster_asker import LABEL
from meshstrap.fleet.verdict import Verdict, parse_verdict
from tests.lab.process import wait_until
from tests.lab.verify_faults import SeededFault
from tests.lab.verifying import NO_DRIFT, ROOT, Ssh, bad, invoke_verify

from .cluster import Cluster
from .inventory import NODES
from .supplies import Supplies
from .verify_faults import FAULTS
from .verify_whole import WHOLE, WholeFault


@pytest.fixture(scope="module")
def ssh(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Ssh:
    """The way to every node, as its login user."""
    made = Ssh(tmp_path_factory.mktemp("ssh"), "debian")
    for machine in cluster.machines.values():
        made.let_in(machine)
        machine.run("chown", "-R", "debian:", "/home/debian/.ssh").check()
    return made


def whole(ssh: Ssh, cluster: Cluster, supplies: Supplies) -> tuple[int, list[Verdict]]:
    """What a person gets, as a program reads it: exit code and verdicts."""
    ran = invoke_verify(ssh, cluster.inventory, "--cluster", f"--image={supplies.probe_image}", "--json")
    told = json.loads(ran.out)["verdicts"]
    return ran.code, [parse_verdict(json.dumps(one)) for one in told]


def namespaces(cluster: Cluster) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.objects("namespaces", "--selector", LABEL)]


def test_a_living_cluster_is_as_planned(ssh: Ssh, cluster: Cluster, supplies: Supplies) -> None:
    code, verdicts = whole(ssh, cluster, supplies)
    assert {f"{one.host} {one.topic}: {one.title}": one.found for one in verdicts if one.is_bad} == {}
    assert code == 0
    measured = "; ".join(one.measured for one in verdicts)
    for here in NODES:
        for there in set(NODES) - {here}:
            assert f"{here} to {there} direct" in measured
            assert f"{here} to {there} " in measured
    assert namespaces(cluster) == []


@contextmanager
def broken(cluster: Cluster, host: str, breaking: str, mending: str) -> Iterator[None]:
    """While something is broken on a host; both are bash."""
    machine = cluster.machines[host]
    machine.bash(f"set -e\n{breaking}", timeout=300).check()
    try:
        yield
    finally:
        machine.bash(f"set -e\n{mending}", timeout=300).check()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_broken_fact_of_a_host_is_seen_by_its_own_check_alone(ssh: Ssh, cluster: Cluster, fault: SeededFault) -> None:
    machine, inventory = cluster.machines[fault.host], cluster.inventory.read_text()
    machine.run("systemctl", "reset-failed")
    machine.bash(f"set -e\n{fault.breaking}", timeout=300).check()
    fix = ""
    try:
        found = bad(ssh, inventory, fault.host)
        fix = next((verdict.fix for name, verdict in found.items() if name != NO_DRIFT), "")
        assert set(found) == fault.seen_by, {name: verdict.found for name, verdict in found.items()}
        assert fault.found in found[fault.check].found, found[fault.check].found
    finally:
        machine.bash(f"set -e\n{fault.mending or fix}", timeout=300).check()
    wait_until(lambda: bad(ssh, inventory, fault.host) == {}, f"{fault.host} as planned again", seconds=180, every=2)


@pytest.mark.parametrize("fault", WHOLE, ids=str)
def test_a_broken_cluster_is_seen_by_its_own_check_alone(
    ssh: Ssh, cluster: Cluster, supplies: Supplies, fault: WholeFault
) -> None:
    with broken(cluster, fault.host, fault.breaking(supplies.probe_image), fault.mending):
        wait_until(lambda: fault.has_come(cluster), "the fault", seconds=180)
        code, verdicts = whole(ssh, cluster, supplies)
    found: dict[str, str] = {}
    for one in verdicts:
        if one.is_bad and one.topic == "cluster":
            found[one.title] = f"{found.get(one.title, '')}; {one.found}"
    assert set(found) == set(fault.seen_by), found
    assert all(word in found[title] for title, word in fault.seen_by.items()), found
    assert code == 1
    assert namespaces(cluster) == []
    wait_until(lambda: fault.has_gone(cluster), "the cluster as before", seconds=240)


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
