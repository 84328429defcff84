"""Rules about the tailnet: its machines, and its server, which a node asks before it is part of anything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from netaddr import IPAddress

from meshstrap.errors import Problem
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.network import parse_address
from meshstrap.inventory.rules_network import RESERVED, account_subnets, cluster_subnets
from meshstrap.inventory.tree import Places, format_path

_PATH = ("tailnet", "login_server")


def login_server_is_reached_from_everywhere(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Its address is no private one of an account, of the cluster, or of the tailnet that it makes."""
    host = _host(inventory)
    address = _address(host)
    if host == "localhost":
        yield places.problem(_PATH, "localhost is each machine itself; name the machine that the server runs on")
    if address is None:
        return
    for reserved, owner in RESERVED.items():
        if address in reserved:
            yield places.problem(_PATH, f"{host} is in {reserved}: {owner}; no node reaches a server there")
    owned = [*cluster_subnets(inventory), *(account_subnets(inventory) if len(inventory.accounts) > 1 else [])]
    for path, subnet in owned:
        if address in subnet:
            where = f"{format_path(path)} ({subnet}, {places.where(path)})"
            message = f"{host} is inside {where}: from the machines of other accounts that leads elsewhere"
            yield places.problem(_PATH, f"{message}; give it an address that a node reaches before it has logged in")
            return


def login_server_is_no_node(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A node of the cluster that is also its coordination server could not log in to itself before it is made."""
    host = _host(inventory)
    for index, node in enumerate(inventory.nodes):
        if host and host in (node.name, node.address):
            where = f"nodes[{index}] ({places.where(('nodes', index, 'name'))})"
            message = f"'{host}' is {where}, which has to log in there before anything runs on it"
            yield places.problem(_PATH, f"{message}; run the coordination server outside the cluster")
    if host and host == inventory.cluster.api_endpoint:
        message = f"'{host}' is cluster.api_endpoint, a name for the control plane inside the tailnet"
        yield places.problem(_PATH, f"{message}; run the coordination server outside the cluster")


def pods_still_reach_the_nodes(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """What pods are denied in the tailnet leaves out the nodes, unless Cilium is told to count them in."""
    if (
        "nodes" in (inventory.cilium.values.get("policyCIDRMatchMode") or ())
        and not inventory.cluster.pods_reach_tailnet
    ):
        message = (
            "with it the policy that keeps pods from other machines of the tailnet would keep them from the nodes, too"
        )
        yield places.problem(
            ("cilium", "values", "policyCIDRMatchMode"),
            f"{message}; remove it, or set cluster.pods_reach_tailnet: true",
        )


def _host(inventory: Inventory) -> str:
    return urlsplit(inventory.tailnet.login_server).hostname or ""


def _address(host: str) -> IPAddress | None:
    try:
        return parse_address(host)
    except ValueError:
        return None


RULES = (login_server_is_reached_from_everywhere, login_server_is_no_node, pods_still_reach_the_nodes)
