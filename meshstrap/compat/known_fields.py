"""A free-form place of the inventory held against what its reader takes: what it would ignore, or choke on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshstrap.errors import Problem
from meshstrap.inventory import Places
from meshstrap.inventory.tree import Path
from meshstrap.inventory.values import closest

Facts = Mapping[str, Any]
"""A name → what is below it, or the kinds of value that it takes."""

# JSON Schema's word for a kind of value (2020-12, 6.1.1) → what YAML makes of it.
_KINDS: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}
_ANY = "any"
_OF = "object of "
# In words: what was written, and what is taken.
_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "duration": "a duration such as 10s or 2m30s",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
# What Go's time.ParseDuration takes, without a sign.
_DURATION = re.compile(r"0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads the place ``start``, and what it takes there.

    ``name`` and ``noun`` are how messages call the reader and one of its fields. ``protected`` are dotted paths that
    are refused elsewhere in words of their own; ``removed`` says of a name what became of it.
    """

    name: str
    noun: str
    start: Path
    facts: Facts
    places: Places
    protected: Mapping[str, str]
    removed: Mapping[str, str]

    def judge(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """One problem for each value that the reader does not take."""
        yield from self._judged(values, self.facts, ())

    def _judged(self, values: Mapping[str, Any], facts: Facts, path: tuple[str, ...]) -> Iterator[Problem]:
        for name, value in values.items():
            here = (*path, str(name))
            if self._is_protected(".".join(here), value):
                continue
            if name not in facts:
                yield self._unknown(here, facts)
                continue
            fact = facts[name]
            kinds, below = ("object null", fact) if isinstance(fact, dict) else (str(fact), {})
            if kinds.startswith(_OF) and isinstance(value, Mapping):
                below = dict.fromkeys(value, kinds.removeprefix(_OF))
            if not _is_one_of(value, "object" if kinds.startswith(_OF) else kinds):
                yield self._wrong(here, value, kinds, below)
            elif below and value:
                yield from self._judged(value, below, here)

    def _is_protected(self, dotted: str, value: object) -> bool:
        replaced = not isinstance(value, Mapping) and any(one.startswith(f"{dotted}.") for one in self.protected)
        return replaced or dotted in self.protected

    def _unknown(self, path: tuple[str, ...], known: Facts) -> Problem:
        *_, name = path
        what = self.removed.get(name) if len(path) == 1 else None
        message = f"{self.name} has no such {self.noun}" + (
            f" any more: {what}" if what else f" and would ignore it{self._meant(name, known)}"
        )
        return self.places.problem((*self.start, *path), message, at_key=True)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(_paths(self.facts, ""))

    def _meant(self, name: str, known: Facts) -> str:
        if name in self._paths:
            return f": values nest, so write {nested(name)}"
        alike = [one for one in known if one.lower() == name.lower()]
        elsewhere = [one for one in self._paths if one.rpartition(".")[2].lower() == name.lower()]
        found = alike[0] if alike else elsewhere[0] if len(elsewhere) == 1 else closest(name, tuple(known))
        return f"; did you mean '{found}'?" if found else ""

    def _wrong(self, path: tuple[str, ...], value: object, kinds: str, below: Facts) -> Problem:
        words = [_WORDS["object"]] if kinds.startswith(_OF) else [_WORDS[kind] for kind in kinds.split()]
        taken = " or ".join(word for word in words if word != "null")
        switch = isinstance(value, bool) and "enabled" in below
        is_number = kinds == "string" and isinstance(value, (int, float)) and not isinstance(value, bool)
        hint = f": write {path[-1]}: {{enabled: {str(value).lower()}}}" if switch else ""
        hint = f": write '{value}', in quotes" if is_number else hint
        message = f"this is {_kind_of(value)}, and {self.name} takes {taken}{hint}"
        return self.places.problem((*self.start, *path), message)


def nested(dotted: str) -> str:
    """A dotted path as one writes it in YAML's flow style."""
    first, _, rest = dotted.partition(".")
    return f"{first}: {{{nested(rest)}}}" if rest else f"{first}: …"


def _is_one_of(value: object, kinds: str) -> bool:
    if kinds == _ANY or value is None:
        # Helm takes a null for "without the chart's default", and Go for "not set".
        return True
    if kinds == "duration":
        return isinstance(value, str) and _DURATION.fullmatch(value) is not None
    # In Python a truth value is a number as well.
    return any(
        isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds.split()
    )


def _kind_of(value: object) -> str:
    return next((_WORDS[kind] for kind in _KINDS if _is_one_of(value, kind)), type(value).__name__)


def _paths(facts: Facts, start: str) -> Iterator[str]:
    for name, below in facts.items():
        yield f"{start}{name}"
        if isinstance(below, dict):
            yield from _paths(below, f"{start}{name}.")
