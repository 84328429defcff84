"""Holds a status to ``status.schema.json``, and to what a schema cannot say: that its parts agree with each other.

Only the words of JSON Schema that the file uses are known here; another one is an error, not passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parents[1] / "status.schema.json"
_TYPES = {"object": dict, "array": list, "string": str, "integer": int}
_SAYS_NOTHING = {"$schema", "$defs", "title", "description"}


@cache
def schema() -> dict[str, Any]:
    """The schema, read once."""
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def problems(status: object) -> list[str]:
    """What is wrong with a status; empty when nothing is."""
    found = list(_check(status, schema(), "status"))
    if not found and isinstance(status, dict):
        found = list(_disagreements(status))
    return found


def _check(value: Any, rules: Mapping[str, Any], place: str) -> Iterator[str]:
    for word, rule in rules.items():
        if word not in _SAYS_NOTHING:
            yield from _WORDS[word](value, rule, place, rules)


def _object(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
    for name in value.keys() & rule.keys():
        yield from _check(value[name], rule[name], f"{place}.{name}")


def _others(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
    for name in value.keys() - rules.get("properties", {}).keys():
        if rule is False:
            yield f"{place}.{name}: unknown"
        else:
            yield from _check(value[name], rule, f"{place}.{name}")


def _items(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from _check(item, rule, f"{place}[{number}]")


def _any_of(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
    if all(list(_check(value, choice, place)) for choice in rule):
        yield f"{place}: {value!r} is none of the choices"


def _reference(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
    yield from _check(value, schema()["$defs"][rule.removeprefix("#/$defs/")], place)


def _holds(question: Callable[[Any, Any], object]) -> Callable[..., Iterator[str]]:
    def ask(value: Any, rule: Any, place: str, rules: Mapping[str, Any]) -> Iterator[str]:
        try:
            answer = question(value, rule)
        except (TypeError, AttributeError):
            answer = False
        if not answer:
            yield f"{place}: {value!r} against {rule!r}"

    return ask


_WORDS: dict[str, Callable[..., Iterator[str]]] = {
    "type": _holds(lambda value, rule: type(value) is _TYPES[rule]),
    "const": _holds(lambda value, rule: type(value) is type(rule) and value == rule),
    "enum": _holds(lambda value, rule: value in rule),
    "pattern": _holds(lambda value, rule: re.fullmatch(rule, value)),
    "minimum": _holds(lambda value, rule: value >= rule),
    "minLength": _holds(lambda value, rule: len(value) >= rule),
    "minItems": _holds(lambda value, rule: len(value) >= rule),
    "required": _holds(lambda value, rule: set(rule) <= value.keys()),
    "properties": _object,
    "additionalProperties": _others,
    "items": _items,
    "anyOf": _any_of,
    "$ref": _reference,
}


def _disagreements(status: Mapping[str, Any]) -> Iterator[str]:
    """Steps come one after the other, and one of them at most is at work."""
    steps = {step["name"]: step["state"] for step in status["steps"]}
    if status["step"] not in {"-", *steps}:
        yield f"{status['step']} is none of the steps"
    at_work = [name for name, state in steps.items() if state in {"running", "waiting", "failed"}]
    if at_work and (at_work != [status["step"]] or steps[status["step"]] != status["state"]):
        yield f"{at_work} are at work, but the status is {status['state']} in {status['step']}"
    ended = [state in {"ok", "changed"} for state in steps.values()]
    if ended != sorted(ended, reverse=True):
        yield "a step has ended before the one in front of it"
    if status["state"] == "converged" and not all(ended):
        yield "converged, but not every step"
    if status["state"] in {"waiting", "failed"} and not status["next"]:
        yield "it does not say what to do"
    for step in status["steps"]:
        if (step["state"] == "pending") != (step["started"] == ""):
            yield f"{step['name']} is {step['state']}, started {step['started']!r}"
