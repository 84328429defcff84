"""Trap: tailscaled offers pods' addresses as endpoints of its own, and peers then reach the mesh through the mesh.

It shows where no direct path can be found: behind NATs that give each peer another port.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.lab.process import wait_until

from .cluster import Cluster
from .guards import without_address_filter, without_mesh_rule

PODS = ipaddress.ip_network("10.244.0.0/16")


def endpoints_among_pods(cluster: Cluster) -> list[str]:
    """Where tailscaled sends to a pod's address: ``node: peer by address``."""
    found = []
    for name, machine in cluster.machines.items():
        status = json.loads(machine.run("tailscale", "status", "--json").check().out)
        for peer in status["Peer"].values():
            address = peer["CurAddr"].rpartition(":")[0].strip("[]")
            if address and ipaddress.ip_address(address) in PODS:
                found.append(f"{name}: {peer['HostName']} by {peer['CurAddr']}")
    return found


def find_paths_anew(cluster: Cluster) -> None:
    """Let every tailscaled forget the paths that it knew, and look for new ones by sending."""
    for machine in cluster.machines.values():
        machine.run("tailscale", "debug", "rebind").check()
    addresses = [cluster.tailnet_address(name) for name in cluster.machines]
    for machine in cluster.machines.values():
        machine.bash(f"for peer in {' '.join(addresses)}; do ping -c 3 -i 0.3 -W 2 $peer & done; wait")


@pytest.fixture
def relayed(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster behind NATs that allow no direct path."""
    for machine in cluster.machines.values():
        machine.account.translate("symmetric")
    yield cluster
    for machine in cluster.machines.values():
        machine.account.translate("oci")
    find_paths_anew(cluster)


@pytest.mark.parametrize("rule", [True, False], ids=["with the mesh rule", "without it"])
def test_without_the_filter_tailscaled_sends_to_pods_addresses(relayed: Cluster, *, rule: bool) -> None:
    machines = list(relayed.machines.values())
    with ExitStack() as missing:
        if not rule:
            missing.enter_context(without_mesh_rule(*machines))
        missing.enter_context(without_address_filter(*machines))

        def fooled() -> bool:
            find_paths_anew(relayed)
            return bool(endpoints_among_pods(relayed))

        wait_until(fooled, "a peer by a pod's address", seconds=120)


def test_with_the_filter_it_never_does_and_the_relay_carries_all(relayed: Cluster) -> None:
    for _ in range(4):
        find_paths_anew(relayed)
        assert endpoints_among_pods(relayed) == []
    for machine in relayed.machines.values():
        for other in relayed.machines:
            assert machine.run("ping", "-c", "3", "-i", "0.3", "-W", "4", relayed.tailnet_address(other)).code == 0
