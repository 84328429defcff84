"""Rules about subnets: none overlaps what it must not, and each is large enough.

Where two subnets overlap, the more specific route wins on every machine, silently; so overlaps are refused, not warned
about. The same subnet in several *accounts* is the normal case: nodes talk by tailnet addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netaddr import IPNetwork

from meshstrap.errors import Problem
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.network import overlap
from meshstrap.inventory.tree import Path, Places, format_path

NODE_PREFIX = 24
"""Each node's share of the pod subnet: 256 addresses for at most 110 pods (the kubelet's default)."""

_LARGEST_SERVICE_PREFIX, _SMALLEST_SERVICE_PREFIX = 12, 24

_PRIVATE = tuple(IPNetwork(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))

RESERVED = {
    IPNetwork("100.64.0.0/10"): "the tailnet's own addresses; its routes come before all others",
    IPNetwork("169.254.0.0/16"): "link-local: the cloud's metadata, DNS and time",
    IPNetwork("127.0.0.0/8"): "the machine itself",
    IPNetwork("0.0.0.0/8"): "'this network'",
    IPNetwork("224.0.0.0/4"): "multicast",
    IPNetwork("240.0.0.0/4"): "reserved",
}


class Owned(NamedTuple):
    """A subnet and the path of the field that gives it."""

    path: Path
    subnet: IPNetwork


def cluster_subnets(inventory: Inventory) -> list[Owned]:
    """Those of pods and services."""
    cluster = inventory.cluster
    return [
        Owned(("cluster", "pod_subnet"), cluster.pod_subnet),
        Owned(("cluster", "service_subnet"), cluster.service_subnet),
    ]


def account_subnets(inventory: Inventory) -> list[Owned]:
    """Those of the accounts' machines."""
    return [
        Owned(("accounts", index, "subnet"), account.subnet)
        for index, account in enumerate(inventory.accounts)
        if account.subnet is not None
    ]


def _overlap(one: Owned, other: Owned, places: Places) -> Problem:
    last = places.later(one.path, other.path)
    here, there = (one, other) if last == one.path else (other, one)
    message = f"{here.subnet} overlaps {format_path(there.path)} ({there.subnet}, {places.where(there.path)})"
    return places.problem(here.path, f"{message}; addresses in both would reach only one of them")


def pod_and_service_subnets_are_apart(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A pod and a service never have the same address."""
    pods, services = cluster_subnets(inventory)
    if overlap(pods.subnet, services.subnet):
        yield _overlap(pods, services, places)


def cluster_subnets_leave_accounts_alone(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Pod and service subnets have no address of an account's private subnet."""
    for cluster in cluster_subnets(inventory):
        for account in account_subnets(inventory):
            if overlap(cluster.subnet, account.subnet):
                yield _overlap(cluster, account, places)


def subnets_are_usable(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Every subnet is private (RFC 1918) and has no reserved address."""
    for owned in (*cluster_subnets(inventory), *account_subnets(inventory)):
        message = _why_unusable(owned.subnet)
        if message:
            yield places.problem(owned.path, message)


def _why_unusable(subnet: IPNetwork) -> str:
    for reserved, owner in RESERVED.items():
        if subnet in reserved or (overlap(subnet, reserved) and subnet.prefixlen > 0):
            return f"{subnet} overlaps {reserved}: {owner}"
    if not any(subnet in private for private in _PRIVATE):
        return f"{subnet} is not private: choose inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    return ""


def pod_subnet_has_room_for_the_nodes(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Each node takes one /24 of the pod subnet."""
    subnet, nodes = inventory.cluster.pod_subnet, len(inventory.nodes)
    room = 2 ** (NODE_PREFIX - subnet.prefixlen) if subnet.prefixlen <= NODE_PREFIX else 0
    if room < nodes:
        arithmetic = f"2^({NODE_PREFIX} - {subnet.prefixlen}) = {room}" if room else "none fits"
        message = (
            f"every node takes a /24, and {subnet} has room for {room} ({arithmetic}), but there are {nodes} nodes"
        )
        yield places.problem(("cluster", "pod_subnet"), message)


def service_subnet_has_a_sound_size(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """From /12, the largest that kubeadm takes, to /24: the size can never be changed later.

    Source: kubeadm's ``ValidateServiceSubnetSize`` (k/k cmd/kubeadm/app/apis/kubeadm/validation), at most 20 host bits.
    """
    subnet = inventory.cluster.service_subnet
    if subnet.prefixlen > _SMALLEST_SERVICE_PREFIX:
        message = f"{subnet} has 2^(32 - {subnet.prefixlen}) = {subnet.size} addresses; at least 256 (a /24) are needed"
        yield places.problem(("cluster", "service_subnet"), f"{message}, because the size can never be changed")
    if 0 < subnet.prefixlen < _LARGEST_SERVICE_PREFIX:
        message = f"{subnet} has 2^(32 - {subnet.prefixlen}) addresses; kubeadm takes at most 2^20 (a /12)"
        yield places.problem(("cluster", "service_subnet"), message)


RULES = (
    pod_and_service_subnets_are_apart,
    cluster_subnets_leave_accounts_alone,
    subnets_are_usable,
    pod_subnet_has_room_for_the_nodes,
    service_subnet_has_a_sound_size,
)
