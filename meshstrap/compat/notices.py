"""What an inventory's owner should know although nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator

from netaddr import IPNetwork

from meshstrap.compat.rules import version_warnings
from meshstrap.inventory import Inventory
from meshstrap.inventory.network import overlap

_DOCKER_BRIDGE = IPNetwork("172.17.0.0/16")


def warnings(inventory: Inventory) -> tuple[str, ...]:
    """Every warning about the inventory, each one sentence; first those about versions."""
    return (*version_warnings(inventory), *_docker_bridge(inventory), *_untagged(inventory))


def _docker_bridge(inventory: Inventory) -> Iterator[str]:
    subnets = {
        "cluster.pod_subnet": inventory.cluster.pod_subnet,
        "cluster.service_subnet": inventory.cluster.service_subnet,
    }
    for path, subnet in subnets.items():
        if overlap(subnet, _DOCKER_BRIDGE):
            yield f"{path}: {subnet} overlaps {_DOCKER_BRIDGE}, Docker's bridge: never install Docker itself on a node"


def _untagged(inventory: Inventory) -> Iterator[str]:
    if not inventory.tailnet.tags:
        yield (
            "tailnet.tags: without a tag nodes belong to a person and their keys expire, after 180 days at Tailscale; "
            "the cluster then falls apart unless expiry is switched off for each node "
            "(https://tailscale.com/docs/features/access-control/key-expiry)"
        )
