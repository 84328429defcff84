"""Where the nodes are, as ssh itself reads it: what the command line says, then the person's own file, then ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from meshstrap.errors import NoWay

CONNECT_SECONDS = 8
"""How long ssh tries to connect, unless the person's configuration says otherwise."""

_ADDRESS = re.compile(r"(?:(?P<user>[A-Za-z_][A-Za-z0-9_.-]*)@)?(?P<address>[A-Za-z0-9:][A-Za-z0-9.:%_-]*)")


@dataclass(frozen=True, kw_only=True)
class Host:
    """Where a person says that a node is; ``user`` may be empty."""

    address: str
    user: str


def parse_hosts(text: str, nodes: Iterable[str]) -> dict[str, Host]:
    """``w1=203.0.113.7,cp1=ubuntu@198.51.100.4`` by node. ``NoWay`` names what is wrong."""
    known = frozenset(nodes)
    hosts: dict[str, Host] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        node, _, place = item.partition("=")
        match = _ADDRESS.fullmatch(place)
        if match is None:
            message = (
                f"--hosts {item}: is not NODE=ADDRESS or NODE=USER@ADDRESS, like w1=203.0.113.7; between several "
                "stands a comma, and no blank"
            )
            raise NoWay(message)
        if node not in known:
            message = f"--hosts {item}: the inventory has no node '{node}'; it has {', '.join(sorted(known))}"
            raise NoWay(message)
        if match["address"].count(":") == 1:
            port = match["address"].partition(":")[2]
            message = (
                f"--hosts {item}: a port stands in your SSH configuration: `Host {node}` and below it `Port {port}`"
            )
            raise NoWay(message)
        if match["address"].rpartition(".")[2].isdigit() and not _is_address(match["address"]):
            message = f"--hosts {item}: {match['address']} is not an address such as 203.0.113.7"
            raise NoWay(message)
        if node in hosts:
            message = f"--hosts {item}: {node} stands there already, with {hosts[node].address}; say which of the two"
            raise NoWay(message)
        hosts[node] = Host(address=match["address"], user=match["user"] or "")
    return hosts


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def ssh_configuration(
    users: Mapping[str, str], hosts: Mapping[str, Host], own: str, known: Mapping[str, str] | None = None
) -> str:
    """A configuration for ssh, which takes the first value that it finds (ssh_config(5)).

    First what ``hosts`` says, then the person's ``own`` file, then the system's, then our defaults: the image's login
    user, the ``known`` addresses, and a new machine's key is accepted once and held to from then on.
    """
    lines = []
    for node, host in hosts.items():
        lines += [f"Host {node}", f"  HostName {host.address}", *([f"  User {host.user}"] if host.user else [])]
    lines += ["Match all", f'  Include "{own}"', "  Include /etc/ssh/ssh_config"]
    for node, user in users.items():
        lines += [f"Host {node}", f"  User {user}"]
    for node, address in (known or {}).items():
        lines += [f"Host {node}", f"  HostName {address}"]
    lines += ["Match all", f"  ConnectTimeout {CONNECT_SECONDS}", "  StrictHostKeyChecking accept-new"]
    return "\n".join(lines) + "\n"
