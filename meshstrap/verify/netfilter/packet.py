"""A packet that is asked about."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from netaddr import AddrFormatError, IPAddress, IPNetwork

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "icmpv6": 58}
"""Numbers of protocols by the names that both programs print: https://www.iana.org/assignments/protocol-numbers."""


@dataclass(frozen=True, kw_only=True)
class Packet:
    """The first packet of a connection, that no program has marked before netfilter sees it.

    ``device``: by which it comes in. ``out``: by which it leaves again; empty: it is for the host itself. ``None`` is
    whatever it may be: a rule that asks for it cannot be told. ``state`` is conntrack's; ``translated``: whether its
    destination was changed, and its way with it.
    """

    device: str
    protocol: str
    port: int | None = None
    source: IPAddress | None = None
    destination: IPAddress | None = None
    source_port: int | None = None
    out: str = ""
    state: str | None = "new"
    mark: int | None = 0
    translated: bool | None = False
    version: int = 4

    def merged(self, other: Packet) -> Packet:
        """What is known of it when it may be either of the two."""
        names = (one.name for one in fields(self))
        apart: dict[str, Any] = {name: None for name in names if getattr(self, name) != getattr(other, name)}
        return replace(self, **apart)


def denied(found: bool | None) -> bool | None:  # noqa: FBT001 - the answer of a match
    """The opposite, where it is known."""
    return None if found is None else not found


def is_protocol(packet: Packet, name: str) -> bool:
    """Whether it is of a protocol, by name or number; ``all`` is any."""
    if name in {"all", "0"}:
        return True
    number = int(name) if name.isdigit() else PROTOCOLS.get(name, -1)
    return PROTOCOLS[packet.protocol] == number


def is_device(name: str, pattern: str, wildcard: str) -> bool:
    """Whether an interface's name is a pattern's; one that ends with the wildcard is a beginning."""
    return name.startswith(pattern[:-1]) if pattern.endswith(wildcard) else name == pattern


def is_within(address: IPAddress | None, subnet: str) -> bool | None:
    """Whether an address lies in a subnet, or in one of several with commas between."""
    try:
        return None if address is None else any(address in IPNetwork(one) for one in subnet.split(","))
    except AddrFormatError:
        return None


def is_between(number: int | None, first: int, last: int) -> bool | None:
    """Whether a number lies in a range, its ends included."""
    return None if number is None else first <= number <= last
