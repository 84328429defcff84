"""The models' findings as problems in plain words, each at its place in the file."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from meshstrap.errors import Problem
from meshstrap.inventory.alternatives import NotRendered, explain_refusal, refused_key
from meshstrap.inventory.fields import section_at
from meshstrap.inventory.tree import Path, Places
from meshstrap.inventory.values import closest, did_you_mean, plain

# Where pydantic says that the key of a mapping is wrong, it puts this behind the key.
_KEY_MARK = "[key]"
_SHOWN = 60
# ``name:home`` and ``name = home``, which YAML takes for one text each.
_JOINED = re.compile(r"([A-Za-z_][\w-]*)( *= *|: ?(?!//))(\S.*)")


def translate(error: ValidationError, places: Places) -> list[Problem]:
    """One problem for each finding. A misspelt required key is one finding, not also a missing key."""
    findings = error.errors(include_url=False)
    meant = {_meant(fault_path(details)) for details in findings if details["type"] == "extra_forbidden"}
    return [
        _translate_one(details, places)
        for details in findings
        if details["type"] != "missing" or fault_path(details) not in meant
    ]


def fault_path(details: ErrorDetails) -> Path:
    """Where a finding is, without pydantic's own marks."""
    return tuple(part for part in details["loc"] if part != _KEY_MARK)


def _translate_one(details: ErrorDetails, places: Places) -> Problem:
    path, kind = fault_path(details), details["type"]
    if kind == "extra_forbidden":
        return places.problem(path, _unknown_key(path, places), at_key=True)
    if kind == "missing":
        return places.problem(path, _missing_key(path))
    at_key = details["loc"][-1:] == (_KEY_MARK,)
    return places.problem(path, _wrong_value(details, places), at_key=at_key)


def _known_keys(path: Path) -> tuple[str, ...]:
    section = section_at(path[:-1])
    return tuple(section.model_fields) if section else ()


def _meant(path: Path) -> Path:
    return (*path[:-1], closest(str(path[-1]).partition(":")[0], _known_keys(path)))


def _unknown_key(path: Path, places: Places) -> str:
    known, alternative = _known_keys(path), refused_key(path)
    if alternative:
        return f"unknown key. {explain_refusal(alternative, places)}"
    return "unknown key" + (
        _joined(str(path[-1])) or did_you_mean(str(path[-1]), known) or f"; known are {', '.join(known)}"
    )


def _joined(text: str) -> str:
    """``; did you mean 'name: home'?`` for a key and its value without what parts them."""
    match = _JOINED.fullmatch(plain(text))
    return f"; did you mean '{match[1]}: {match[3]}', with a colon and a blank?" if match else ""


def _missing_key(path: Path) -> str:
    section = section_at(path[:-1])
    info = section.model_fields[str(path[-1])] if section else None
    return f"this key is required: {_lower(info.description or '')}" if info else "this key is required"


def _stuck(given: Any) -> str:
    """What YAML makes of ``-name: alice``."""
    is_stuck = isinstance(given, dict) and any(str(key).startswith("-") for key in given)
    return "; is the blank behind the '-' missing?" if is_stuck else ""


def _lower(sentence: str) -> str:
    sentence = sentence.rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def _wrong_value(details: ErrorDetails, places: Places) -> str:
    kind, given = details["type"], details["input"]
    if kind == "value_error":
        error = details["ctx"]["error"]
        return f"{error}. {explain_refusal(error.reference, places)}" if isinstance(error, NotRendered) else str(error)
    if kind in {"model_type", "model_attributes_type", "mapping_type", "dict_type"}:
        return f"this has to be a mapping (keys with values under it), not {_kind_of(given)}{_joined(str(given))}"
    if kind in {"tuple_type", "list_type"}:
        return f"this has to be a list (lines that start with '- '), not {_kind_of(given)}{_stuck(given)}"
    raise AssertionError(f"no words for {kind}: a model has a type that is not one of ours")


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    first_line = str(value).split("\n")[0]
    return f"'{first_line}'" if first_line == value and len(first_line) <= _SHOWN else f"'{first_line[:_SHOWN]}…'"
