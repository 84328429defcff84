"""A rule of iptables as its words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from netaddr import IPNetwork

LONG = {
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--fragment": "-f",
    "--protocol": "-p",
    "--proto": "-p",
    "--destination-port": "--dport",
    "--destination-ports": "--dports",
    "--source-port": "--sport",
    "--source-ports": "--sports",
    "--jump": "-j",
    "--goto": "-g",
    "--match": "-m",
}
"""Other names of the same options: iptables(8), iptables-extensions(8)."""


def meaning(line: str) -> tuple[str, frozenset[tuple[object, ...]]]:
    """A line that appends a rule as its chain and what it says, however it is written: two of the same are equal.

    Comments and the modules that options imply say nothing.
    """
    _, chain, rest = [*line.split(maxsplit=2), "", ""][:3]
    said: set[tuple[object, ...]] = set()
    try:
        words = shlex.split(rest)
    except ValueError:
        return chain, frozenset({(rest,)})
    for written, negated, told in options(words):
        option = LONG.get(written, written)
        if option in {"-m", "--comment"}:
            continue
        values: list[object] = list(told)
        if option in {"-s", "-d"}:
            values = [str(IPNetwork(one).cidr) for one in told]
        elif option in {"--uid-owner", "--gid-owner"}:
            values = ["0" if one == "root" else one for one in told]
        elif told == ["REJECT"]:
            values = ["REJECT", "--reject-with", "icmp-port-unreachable"]
        said.add((option, negated, *values))
    return chain, frozenset(said)


def options(words: list[str]) -> Iterator[tuple[str, bool, list[str]]]:
    """Each option, as it is written, whether it is negated, and its own words; behind the target all but a comment."""
    at = 0
    while at < len(words):
        negated = words[at] == "!"
        at += negated
        written = words[at]
        option = LONG.get(written, written)
        end = at + 1
        # Older forms have the exclamation mark behind the option, and a comment may begin with a dash.
        if words[end : end + 1] == ["!"]:
            negated, end = True, end + 1
        start = end
        if option == "--comment" or option in {"-j", "-g"}:
            end += 1
        while end < len(words) and words[end] != "!" and not words[end].startswith("-"):
            end += 1
        if option in {"-j", "-g"}:
            end = next((n for n in range(end, len(words)) if words[n] in {"-m", "--match"}), len(words))
        yield written, negated, words[start:end]
        at = end
