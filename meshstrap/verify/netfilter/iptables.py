"""Tables of iptables, from what ``iptables-save`` prints or a file that ``iptables-restore`` reads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace

from meshstrap.verify.netfilter import walk
from meshstrap.verify.netfilter.options import LONG, options
from meshstrap.verify.netfilter.packet import Packet, denied, is_between, is_device, is_protocol, is_within
from meshstrap.verify.netfilter.walk import Base, Change, Match, Rule, Table

BASES = {
    "raw": (("PREROUTING", -300),),
    "mangle": (("PREROUTING", -150), ("INPUT", -150), ("FORWARD", -150)),
    "nat": (("PREROUTING", -100), ("INPUT", 100)),
    "filter": (("INPUT", 0), ("FORWARD", 0)),
    "security": (("INPUT", 50), ("FORWARD", 50)),
}
"""Where a packet that comes in meets which table: ``enum nf_ip_hook_priorities`` of linux/netfilter_ipv4.h."""

IPV4, IPV6 = 4, 6

ENDS = {"ACCEPT": walk.ACCEPT, "DROP": walk.DROP, "REJECT": walk.DROP, "RETURN": walk.RETURN}
PASSING = frozenset(
    "AUDIT CHECKSUM CLASSIFY CONNSECMARK DSCP HL LED LOG NFLOG SECMARK SET TCPMSS TCPOPTSTRIP TOS TRACE TTL".split()
)
"""Targets that a packet goes on from, and that change nothing which a match here asks for."""

# What a first packet of TCP carries, as --tcp-flags sees it.
_FLAGS = frozenset({"SYN"})
_ALL_FLAGS = frozenset("FIN SYN RST PSH ACK URG".split())


def parse_iptables(text: str, version: int = IPV4) -> list[Table]:
    """Its tables. ``version``: of IP."""
    tables = []
    for part in re.split(r"^\*", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        policies, chains = _body(body.partition("\nCOMMIT")[0])
        bases = tuple(
            Base(hook=chain.lower(), priority=priority, chain=chain, policy=ENDS.get(policies[chain], walk.ACCEPT))
            for chain, priority in BASES.get(name.strip(), ())
            if chain in policies
        )
        title = f"ip{'6' if version == IPV6 else ''}tables {name.strip()}"
        tables.append(Table(name=title, chains=chains, bases=bases, versions=(version,)))
    return tables


def _body(text: str) -> tuple[dict[str, str], dict[str, tuple[Rule, ...]]]:
    lines = [re.sub(r"^\[\d+:\d+\] ", "", line.strip()) for line in text.splitlines()]
    policies = {words[0][1:]: words[1] for words in map(str.split, lines) if len(words) > 1 and words[0][0] == ":"}
    chains: dict[str, list[Rule]] = {name: [] for name in policies}
    for line in lines:
        if line.startswith("-"):
            _, chain, words = [*line.split(maxsplit=2), "", ""][:3]
            chains.setdefault(chain, []).append(_rule(line, words, chains))
    return policies, {name: tuple(rules) for name, rules in chains.items()}


def _rule(line: str, rest: str, chains: dict[str, list[Rule]]) -> Rule:
    """A line that appends a rule; what any other one does cannot be told."""
    strange = Rule(text=line, matches=(_unknown,), verdict=walk.UNKNOWN)
    if not line.startswith(("-A ", "--append ")):
        return strange
    try:
        words = shlex.split(rest)
    except ValueError:
        return strange
    matches: list[Match] = []
    verdict, target, change, known = walk.CONTINUE, "", None, True
    for written, negated, told in options(words):
        option = LONG.get(written, written)
        if option in {"-j", "-g"}:
            verdict, target, change = _ending(option, told, chains)
        elif option == "-m":
            known = told[:1] != [] and told[0] in _KNOWN
            matches += [] if known else [_unknown]
        # An extension that is not known may call its own options as others do.
        elif known or written in _PLAIN:
            matches.append(_match(option, told, negated=negated))
    return Rule(text=line, matches=tuple(matches), verdict=verdict, target=target, change=change)


def _ending(option: str, told: list[str], chains: dict[str, list[Rule]]) -> tuple[str, str, Change | None]:
    name = told[0] if told else ""
    if name in chains:
        return (walk.GOTO if option == "-g" else walk.JUMP), name, None
    if name == "MARK":
        return walk.CONTINUE, "", _marking(told[1:])
    if name == "CONNMARK":
        return walk.CONTINUE, "", _restored if "--restore-mark" in told else None
    if name in {"CT", "NOTRACK"}:
        return walk.CONTINUE, "", _untracked
    if name in PASSING:
        return walk.CONTINUE, "", None
    return ENDS.get(name, walk.UNKNOWN), "", None


def _marking(told: list[str]) -> Change:
    option, value, *_ = [*told, "", ""]
    if option != "--set-xmark" or not value:
        return _unmarked
    value, _, mask = value.partition("/")
    bits = int(mask or "0xffffffff", 16)

    def change(packet: Packet) -> Packet:
        known = packet.mark
        return replace(packet, mark=None if known is None else (known & ~bits & 0xFFFFFFFF) ^ int(value, 16))

    return change


def _unmarked(packet: Packet) -> Packet:
    return replace(packet, mark=None)


def _restored(packet: Packet) -> Packet:
    """The mark of its connection, which a new one does not have yet."""
    return packet if packet.state == walk.NEW else replace(packet, mark=None)


def _untracked(packet: Packet) -> Packet:
    return replace(packet, state=walk.UNTRACKED)


def _unknown(packet: Packet) -> bool | None:
    del packet
    return None


def _match(option: str, told: list[str], *, negated: bool) -> Match:
    """What an option asks of a packet."""
    ask = _ASKS.get(option)
    if ask is None or (not told and option not in {"--syn", "-f", "--transparent", "--nowildcard"}):
        return _unknown

    def match(packet: Packet) -> bool | None:
        found = ask(packet, told)
        return denied(found) if negated else found

    return match


def _ports(number: int | None, told: str) -> bool | None:
    found = False
    for part in told.split(","):
        first, colon, last = part.partition(":")
        last = (last or "65535") if colon else first
        if not (first + last).isdigit():
            return None
        within = is_between(number, int(first or 0), int(last))
        if within is None:
            return None
        found = found or within
    return found


def _has_flags(packet: Packet, told: list[str]) -> bool | None:
    asked, wanted, *_ = ({*_ALL_FLAGS} if word == "ALL" else {*word.split(",")} - {"NONE"} for word in [*told, ""])
    return packet.protocol == "tcp" and asked & _FLAGS == wanted


def _is_marked(packet: Packet, told: list[str]) -> bool | None:
    value, _, mask = told[0].partition("/")
    bits = int(mask or "0xffffffff", 16)
    return None if packet.mark is None else packet.mark & bits == int(value, 16)


def _is_state(packet: Packet, told: list[str]) -> bool | None:
    states = set(told[0].split(","))
    if packet.state is None or (packet.translated is None and states & {"DNAT", "SNAT"}):
        return None
    return packet.state.upper() in states


def _either(packet: Packet, told: list[str]) -> bool | None:
    found = [_ports(packet.port, told[0]), _ports(packet.source_port, told[0])]
    return True if True in found else None if None in found else False


_ASKS: dict[str, Callable[[Packet, list[str]], bool | None]] = {
    "-i": lambda packet, told: is_device(packet.device, told[0], "+"),
    "-o": lambda packet, told: is_device(packet.out, told[0], "+"),
    "-s": lambda packet, told: is_within(packet.source, told[0]),
    "-d": lambda packet, told: is_within(packet.destination, told[0]),
    "-p": lambda packet, told: is_protocol(packet, told[0].lower()),
    "-f": lambda *_: False,
    "--dport": lambda packet, told: _ports(packet.port, told[0]),
    "--dports": lambda packet, told: _ports(packet.port, told[0]),
    "--sport": lambda packet, told: _ports(packet.source_port, told[0]),
    "--sports": lambda packet, told: _ports(packet.source_port, told[0]),
    "--ports": _either,
    "--syn": lambda packet, _: packet.protocol == "tcp",
    "--tcp-flags": _has_flags,
    "--ctstate": _is_state,
    "--state": _is_state,
    "--mark": _is_marked,
    # A socket that takes other addresses' packets is a proxy's, and is opened for a connection that is there already.
    "--transparent": lambda *_: False,
    "--nowildcard": lambda *_: None,
    "--dst-type": lambda packet, told: not packet.out if told == ["LOCAL"] else None,
    "--comment": lambda *_: True,
}
_KNOWN = frozenset("tcp udp icmp icmp6 ipv6-icmp multiport conntrack state mark addrtype socket comment".split())
_PLAIN = frozenset({"-i", "-o", "-s", "-d", "-p", "-f"})
