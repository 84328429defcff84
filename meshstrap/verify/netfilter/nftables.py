"""Tables of nftables, from what ``nft -j list ruleset`` prints (libnftables-json(5))."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from meshstrap.verify.netfilter import walk
from meshstrap.verify.netfilter.matches import equals, match
from meshstrap.verify.netfilter.packet import Packet
from meshstrap.verify.netfilter.walk import Base, Change, Match, Rule, Table

FAMILIES = {"ip": (4,), "ip6": (6,), "inet": (4, 6), "netdev": (4, 6)}
VERDICTS = frozenset({walk.ACCEPT, walk.DROP, walk.RETURN, walk.CONTINUE})
PASSING = frozenset({"counter", "log", "mangle", "set"})
"""Statements that a packet goes on from; but for a mark, none of them changes what is asked for here."""
LIMITS = frozenset({"limit", "quota", "meter", "ct count"})
"""Statements that hold at times."""

Object = Mapping[str, Any]


def parse_nftables(ruleset: Object, *, without: Iterable[tuple[str, str]] = ()) -> list[Table]:
    """Its tables. ``without``: families and names of those that are not looked at, such as iptables's own."""
    listed = [(kind, told) for one in ruleset.get("nftables", ()) for kind, told in one.items()]
    skipped = set(without)
    asleep = {_place(told) for kind, told in listed if kind == "table" and "dormant" in str(told.get("flags"))}
    places = [_place(told) for kind, told in listed if kind == "table"]
    return [
        _table(place, [(kind, told) for kind, told in listed if _place(told, told.get("table")) == place])
        for place in places
        if place[0] in FAMILIES and place not in skipped | asleep
    ]


def _place(told: Object, name: str | None = None) -> tuple[str, str]:
    return str(told.get("family", "")), str(name if name is not None else told.get("name", ""))


def _table(place: tuple[str, str], listed: list[tuple[str, Object]]) -> Table:
    chains: dict[str, list[Rule]] = {told["name"]: [] for kind, told in listed if kind == "chain"}
    named = {told["name"]: told.get("elem", []) for kind, told in listed if kind in {"set", "map"}}
    for kind, told in listed:
        if kind == "rule":
            chains[told["chain"]] += _rules(told, named)
    return Table(
        name=f"nft {place[0]} {place[1]}",
        chains={name: tuple(rules) for name, rules in chains.items()},
        bases=tuple(base for kind, told in listed if kind == "chain" and "hook" in told for base in _bases(told)),
        versions=FAMILIES[place[0]],
    )


def _bases(told: Object) -> Iterator[Base]:
    devices = told.get("dev", "")
    for device in devices if isinstance(devices, list) else [devices]:
        yield Base(
            hook=told["hook"],
            priority=int(told["prio"]),
            chain=told["name"],
            policy=told.get("policy", walk.ACCEPT),
            device=device,
        )


def _rules(told: Object, named: Mapping[str, list[Any]]) -> Iterator[Rule]:
    """A rule; one with a map of verdicts becomes one rule for each of its elements."""
    text = f"{told['chain']}: {' '.join(map(_shown, told.get('expr', ())))}"
    matches: list[Match] = []
    change: Change | None = None
    for statement in told.get("expr", ()):
        kind, value = next(iter(statement.items()))
        if kind == "match":
            matches.append(match(value, named))
        elif kind == "vmap":
            yield from _mapped(value, named, Rule(text=text, matches=tuple(matches), change=change))
            return
        elif kind == "mangle" and value.get("key") == {"meta": {"key": "mark"}}:
            change = _marking(value.get("value"), before=change)
        elif kind == "notrack":
            change = _untracked
        elif kind in LIMITS or (kind == "set" and "stmt" in value):
            matches.append(_unknown)
        elif kind not in PASSING:
            verdict, target = _verdict(kind, value)
            yield Rule(text=text, matches=tuple(matches), verdict=verdict, target=target, change=change)
            return
    yield Rule(text=text, matches=tuple(matches), change=change)


def _shown(statement: Object) -> str:
    """A statement, much as nft writes it."""
    kind, value = next(iter(statement.items()))
    if kind == "match":
        left = " ".join(str(word) for part in value["left"].values() for word in _words(part))
        return f"{left} {value['op']} {json.dumps(value['right'])}"
    return f"{kind} {value['target']}" if kind in {walk.JUMP, walk.GOTO} else str(kind)


def _words(part: Any) -> Iterator[Any]:
    yield from part.values() if isinstance(part, dict) else [json.dumps(part)]


def _verdict(kind: str, value: Any) -> tuple[str, str]:
    if kind in {walk.JUMP, walk.GOTO}:
        return kind, value["target"]
    if kind == "reject":
        return walk.DROP, ""
    return (kind if kind in VERDICTS else walk.UNKNOWN), ""


def _mapped(value: Object, named: Mapping[str, list[Any]], rule: Rule) -> Iterator[Rule]:
    data = value["data"]
    elements = named.get(data[1:], [None]) if isinstance(data, str) else data["set"]
    for element in elements:
        if element is None:
            yield replace(rule, matches=(*rule.matches, _unknown), verdict=walk.UNKNOWN)
            continue
        key, ending = element
        verdict, target = _verdict(*next(iter(ending.items())))
        yield replace(rule, matches=(*rule.matches, equals(value["key"], key, named)), verdict=verdict, target=target)


def _marking(value: Any, before: Change | None) -> Change:
    def change(packet: Packet) -> Packet:
        packet = before(packet) if before else packet
        return replace(packet, mark=value if isinstance(value, int) else None)

    return change


def _untracked(packet: Packet) -> Packet:
    return replace(packet, state=walk.UNTRACKED)


def _unknown(packet: Packet) -> bool | None:
    del packet
    return None
