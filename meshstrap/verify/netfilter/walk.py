"""The way of a packet through chains: jumps, gotos, policies, and base chains by their priorities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from meshstrap.verify.netfilter.packet import Packet

Match = Callable[[Packet], bool | None]
Change = Callable[[Packet], Packet]

ACCEPT, DROP, UNKNOWN = "accept", "drop", "unknown"
RETURN, CONTINUE, JUMP, GOTO = "return", "continue", "jump", "goto"

HOOKS = ("ingress", "prerouting", "input", "forward")
"""Where a packet that comes in meets chains, in this order; at the last two it meets either one."""

CONNTRACK = -200
"""The priority at which connections are tracked (``NF_IP_PRI_CONNTRACK``, linux/netfilter_ipv4.h)."""
NEW, INVALID, UNTRACKED = "new", "invalid", "untracked"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: when it holds, and what follows.

    ``text`` is what people are shown. ``change``: what it does to the packet on the way, such as a mark.
    """

    text: str
    matches: tuple[Match, ...] = ()
    verdict: str = CONTINUE
    target: str = ""
    change: Change | None = None

    def holds(self, packet: Packet) -> bool | None:
        """Whether it matches; ``None``: it cannot be told."""
        found = [match(packet) for match in self.matches]
        if False in found:
            return False
        return None if None in found else True


@dataclass(frozen=True, kw_only=True)
class Base:
    """A chain that a hook calls. ``device``: only for packets that come in by it."""

    hook: str
    priority: int
    chain: str
    policy: str = ACCEPT
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Chains of one table, which jump to no other one's. ``versions``: of the IP packets that it sees."""

    name: str
    chains: Mapping[str, tuple[Rule, ...]]
    bases: tuple[Base, ...]
    versions: tuple[int, ...] = (4, 6)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of a packet: accept, drop or unknown.

    ``why``: the rule or policy that drops it, or what could not be told.
    """

    verdict: str
    why: str = ""


@dataclass
class _Walk:
    table: Table
    packet: Packet
    doubts: list[str] = field(default_factory=list)

    def chain(self, name: str) -> dict[str, str]:
        """How a chain may end: accept, drop or return, each with the rule that does it."""
        found: dict[str, str] = {}
        left: list[Packet] = []
        for rule in self.table.chains.get(name, ()):
            held = rule.holds(self.packet)
            if held is False:
                continue
            before = self.packet
            ends = self.end(rule, doubtful=held is None)
            if RETURN in ends:
                left.append(self.packet)
            goes_on = ends.pop(CONTINUE, None) is not None
            found = ends | found if held is None else found | ends
            if held is None:
                self.packet = self.packet.merged(before)
            elif not goes_on:
                break
        else:
            found.setdefault(RETURN, "")
            left.append(self.packet)
        for packet in left:
            self.packet = self.packet.merged(packet)
        return found

    def end(self, rule: Rule, *, doubtful: bool) -> dict[str, str]:
        """What a rule that holds leads to."""
        text = f"{self.table.name}: {rule.text}"
        if rule.change:
            self.packet = rule.change(self.packet)
        if rule.verdict == UNKNOWN or (doubtful and rule.verdict != CONTINUE):
            self.doubts.append(text)
        if rule.verdict in {JUMP, GOTO}:
            ends = self.chain(rule.target)
            if RETURN in ends and rule.verdict == JUMP:
                ends[CONTINUE] = ends.pop(RETURN)
            return ends
        if rule.verdict == UNKNOWN:
            # It may be one that changes the destination, and the way with it.
            self.packet = replace(self.packet, port=None, destination=None, mark=None, translated=None)
            return {ACCEPT: text, DROP: text, CONTINUE: text}
        return {rule.verdict: text}


def _before_conntrack(packet: Packet) -> Packet:
    """What is asked for a packet's state before conntrack has seen it gets this answer, unless it never will."""
    return replace(packet, state=INVALID) if packet.state == NEW else packet


def fate(tables: Iterable[Table], packet: Packet) -> Fate:
    """What becomes of a packet on its way into the host, or through it when ``packet.out`` says by where.

    A drop anywhere ends it; an accept ends one base chain, and the next one looks at it anew.
    """
    last = "forward" if packet.out else "input"
    path = [hook for hook in HOOKS if hook not in {"input", "forward"} or hook == last]
    met = [
        (path.index(base.hook), base.priority, table, base)
        for table in tables
        for base in table.bases
        if base.hook in path and packet.version in table.versions and base.device in {"", packet.device}
    ]
    doubts: list[str] = []
    dropped = ""
    for place, priority, table, base in sorted(met, key=lambda one: one[:2]):
        is_early = place < path.index("prerouting") or (base.hook == "prerouting" and priority < CONNTRACK)
        walk = _Walk(table, _before_conntrack(packet) if is_early else packet)
        ends = walk.chain(base.chain)
        if RETURN in ends:
            ends[base.policy] = f"{table.name}: policy {base.policy} of {base.chain}"
            del ends[RETURN]
        doubts += walk.doubts
        dropped = dropped or ends.get(DROP, "")
        if ACCEPT not in ends:
            break
        known = walk.packet.state if walk.packet.state != INVALID else packet.state
        packet = replace(walk.packet, state=known)
    else:
        return Fate(verdict=UNKNOWN, why="; ".join(dict.fromkeys(doubts))) if dropped else Fate(verdict=ACCEPT)
    if packet.translated is None:
        return Fate(verdict=UNKNOWN, why="; ".join(dict.fromkeys(doubts)))
    # Whatever was in doubt before: it did not get past this chain.
    return Fate(verdict=DROP, why=ends[DROP])
