"""What a match of nftables asks of a packet, in the JSON of libnftables-json(5)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from netaddr import IPAddress

from meshstrap.verify.netfilter.packet import PROTOCOLS, Packet, denied, is_between, is_device, is_within
from meshstrap.verify.netfilter.walk import Match

Named = Mapping[str, list[Any]]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_KNOWN_STATES = frozenset({"invalid", "established", "related", "new", "untracked"})
_UNTOLD = object()
"""Of a field that is known to nobody here."""
_NOT_OF_IT = object()
"""Of a field that the packet does not have: nftables asks for the header first, and the rule does not hold."""


def match(value: Mapping[str, Any], named: Named) -> Match:
    """``{"op": …, "left": …, "right": …}``."""
    left, right, op = value["left"], value["right"], value["op"]
    if op in _ORDERS:
        return lambda packet: _ordered(_ORDERS[op], _field(packet, left), right)
    if op in {"==", "in"}:
        return equals(left, right, named)
    # Of a list of bits the opposite is another question.
    if op != "!=" or isinstance(right, list):
        return lambda _: None
    same = equals(left, right, named)
    return lambda packet: _field(packet, left) is not _NOT_OF_IT and denied(same(packet))


def equals(left: Any, right: Any, named: Named) -> Match:
    """Whether a field of the packet is a value, or one of a set's, a list's or a range's."""

    def ask(packet: Packet) -> bool | None:
        found = _field(packet, left)
        if found is _NOT_OF_IT:
            return False
        return None if found is _UNTOLD or found is None else _is(found, right, named)

    return ask


def _field(packet: Packet, left: Any) -> Any:
    """A packet's value of an expression."""
    kind, value = next(iter(left.items())) if isinstance(left, dict) and len(left) == 1 else ("", {})
    if kind == "meta":
        return _meta(packet, value.get("key"))
    if kind == "payload":
        return _payload(packet, str(value.get("protocol")), str(value.get("field")))
    if kind == "ct" and value.get("key") == "state":
        return packet.state
    if kind == "ct" and value.get("key") == "status":
        return None if packet.translated is None else "none"
    if kind == "&" and isinstance(value[1], int):
        found = _field(packet, value[0])
        return found & value[1] if isinstance(found, int) else _UNTOLD
    return _UNTOLD


def _meta(packet: Packet, key: Any) -> Any:
    known: dict[Any, Any] = {
        "iifname": packet.device,
        "iif": packet.device,
        "oifname": packet.out,
        "oif": packet.out,
        "mark": packet.mark,
        "l4proto": PROTOCOLS[packet.protocol],
        "nfproto": {4: "ipv4", 6: "ipv6"}[packet.version],
        "protocol": {4: "ip", 6: "ip6"}[packet.version],
    }
    return known.get(key, _UNTOLD)


def _payload(packet: Packet, protocol: str, field: str) -> Any:
    ports = {"dport": packet.port, "sport": packet.source_port}
    addresses = {"saddr": packet.source, "daddr": packet.destination}
    if protocol in {"ip", "ip6"}:
        if packet.version != {"ip": 4, "ip6": 6}[protocol]:
            return _NOT_OF_IT
        number = PROTOCOLS[packet.protocol] if field in {"protocol", "nexthdr"} else _UNTOLD
        return addresses.get(field, number)
    if protocol in PROTOCOLS and protocol != packet.protocol:
        return _NOT_OF_IT
    return ports.get(field, _UNTOLD) if protocol in {packet.protocol, "th"} else _UNTOLD


def _is(found: Any, right: Any, named: Named) -> bool | None:
    if isinstance(right, str) and right.startswith("@"):
        right = named.get(right[1:], [{}])
    if isinstance(right, list):
        return _any(found, right, named)
    return _is_composed(found, right, named) if isinstance(right, dict) else _is_one(found, right)


def _is_one(found: Any, right: Any) -> bool | None:
    if isinstance(found, IPAddress):
        return is_within(found, str(right))
    if isinstance(found, int):
        number = PROTOCOLS.get(right) if isinstance(right, str) else right
        return None if not isinstance(number, int) else found == number
    if found == "none":
        return False if right in {"dnat", "snat"} else None
    if found in _KNOWN_STATES and right not in _KNOWN_STATES:
        return None
    return is_device(str(found), str(right), "*")


def _is_composed(found: Any, right: dict[str, Any], named: Named) -> bool | None:
    kind: str
    value: Any
    kind, value = next(iter(right.items()), ("", None))
    if kind == "set":
        return _any(found, value if isinstance(value, list) else [value], named)
    if kind == "elem":
        return _is(found, value["val"], named)
    if kind == "prefix" and isinstance(found, IPAddress):
        return is_within(found, f"{value['addr']}/{value['len']}")
    if kind == "range":
        if isinstance(found, IPAddress):
            return bool(IPAddress(value[0]) <= found <= IPAddress(value[1]))
        if isinstance(found, int) and all(isinstance(end, int) for end in value):
            return is_between(found, value[0], value[1])
    return None


def _any(found: Any, values: list[Any], named: Named) -> bool | None:
    told = [_is(found, value, named) for value in values]
    return True if True in told else None if None in told else False


def _ordered(order: Callable[[Any, Any], bool], found: Any, right: Any) -> bool | None:
    if found is _NOT_OF_IT:
        return False
    return order(found, right) if isinstance(found, int) and isinstance(right, int) else None
