"""What firewalld's direct.xml hands to iptables (firewalld.direct(5))."""

from __future__ import annotations

import xml.etree.ElementTree as ET

IPV4 = "ipv4"


def parse_direct(text: str) -> list[str]:
    """Its rules for the table filter of IPv4, as lines of ``iptables-save``, in the order in which they come to lie.

    firewalld sets rules first, by their priority, and then what it passes through. ``ValueError``: it is no XML.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 - small, from a host that we own; expat limits what entities become
    except ET.ParseError as error:
        raise ValueError(f"no XML: {error}") from error
    rules = [one for one in root.iter("rule") if one.get("ipv") == IPV4 and one.get("table") == "filter"]
    rules.sort(key=lambda one: int(one.get("priority") or 0))
    lines = [f"-A {rule.get('chain')} {_words(rule)}" for rule in rules]
    for passed in root.iter("passthrough"):
        if passed.get("ipv") == IPV4:
            _pass(_words(passed), lines)
    return lines


def _words(element: ET.Element) -> str:
    return " ".join((element.text or "").split())


def _pass(words: str, lines: list[str]) -> None:
    """Append or insert a rule as iptables does; other commands and other tables are left out."""
    for plain in ("-t filter ", "--table filter "):
        words = words.removeprefix(plain)
    command, _, rest = words.partition(" ")
    chain, _, rule = rest.partition(" ")
    if command in {"-A", "--append"}:
        lines.append(f"-A {chain} {rule}")
    elif command in {"-I", "--insert"}:
        place, _, behind = rule.partition(" ")
        number, rule = (int(place), behind) if place.isdigit() else (1, rule)
        same = [at for at, line in enumerate(lines) if line.startswith(f"-A {chain} ")]
        at = same[number - 1] if number <= len(same) else len(lines)
        lines.insert(at, f"-A {chain} {rule}")
