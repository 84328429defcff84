"""Each fact that only a living cluster has, broken on it: `invoke verify` sees it by its own check alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.process import wait_until
from tests.lab.verify_faults import SeededFault
from tests.lab.verifying import NO_DRIFT, Ssh, bad

from .cluster import Cluster
from .supplies import Supplies
from .verified import namespaces, whole
from .verify_faults import FAULTS
from .verify_whole import WHOLE, WholeFault


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
            found[one.check] = f"{found.get(one.check, '')}; {one.found}"
    assert set(found) == set(fault.seen_by), found
    assert all(word in found[check] for check, word in fault.seen_by.items()), found
    assert code == 1
    assert namespaces(cluster) == []
    wait_until(lambda: fault.has_gone(cluster), "the cluster as before", seconds=240)
