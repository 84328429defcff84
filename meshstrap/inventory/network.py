"""Subnets and addresses, from text; the only place that calls netaddr's constructors with what a person wrote."""

from __future__ import annotations

import re

from netaddr import AddrFormatError, IPAddress, IPNetwork

from meshstrap.inventory.values import parse_text

_SUBNET = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})/([0-9]{1,2})")
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_IPV4_BITS = 32


def parse_address(value: object) -> IPAddress:
    """An IPv4 address in its usual form. Raises ``ValueError``."""
    text = parse_text(value)
    if _looks_like_ipv6(text):
        raise ValueError(f"'{text}' is IPv6; this version builds IPv4 clusters only")
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"'{text}' is not an IPv4 address such as 10.0.0.5")
    for octet in text.split("."):
        if str(int(octet)) != octet or int(octet) > 255:  # noqa: PLR2004 - the largest octet
            raise ValueError(f"'{text}' is not an IPv4 address: '{octet}' is not from 0 to 255")
    return IPAddress(text, 4)


def refuse_false_address(host: str) -> None:
    """``ValueError`` for a host that can be no name, since its last label is a number, and is no address either."""
    last = host.rstrip(".").rpartition(".")[2]
    if ":" not in host and last.isdigit():
        parse_address(host)


def parse_subnet(value: object) -> IPNetwork:
    """An IPv4 subnet ``address/length`` without host bits. Raises ``ValueError``."""
    text = parse_text(value)
    if _looks_like_ipv6(text):
        raise ValueError(f"'{text}' is IPv6; this version builds IPv4 clusters only")
    match = _SUBNET.fullmatch(text)
    if match is None:
        hint = _suggest_subnet(text)
        raise ValueError(f"'{text}' is not a subnet such as 10.0.0.0/24" + hint)
    address, length = parse_address(match[1]), int(match[2])
    if length > _IPV4_BITS:
        raise ValueError(f"'{text}' is not a subnet: the number after the slash is from 0 to {_IPV4_BITS}")
    subnet = IPNetwork(f"{address}/{length}")
    if subnet.ip != subnet.network:
        raise ValueError(f"{text} has host bits set; did you mean {subnet.cidr}?")
    return subnet


def _suggest_subnet(text: str) -> str:
    """With a prefix length: for ``10.0.0.0``, and for ``10.0.0.0/255.255.255.0``."""
    address, slash, mask = text.partition("/")
    if not _ADDRESS.fullmatch(address) or (slash and not _ADDRESS.fullmatch(mask)):
        return ""
    try:
        if slash:
            return f"; did you mean {address}/{IPNetwork(text).prefixlen}?"
    except (AddrFormatError, ValueError):
        return ""
    return f"; did you mean {text}/24?" if text.endswith(".0") else ""


def _looks_like_ipv6(text: str) -> bool:
    if ":" not in text:
        return False
    try:
        return bool(IPNetwork(text).version == 6)  # noqa: PLR2004 - the protocol's number
    except (AddrFormatError, ValueError):
        return False


def overlap(one: IPNetwork, other: IPNetwork) -> bool:
    """Whether two subnets have an address in common."""
    return bool(one in other or other in one)
