"""Holds a status to ``status.schema.json``, and to what a schema cannot say: that its parts agree with each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).resolve().parents[1] / "status.schema.json"


@cache
def schema() -> dict[str, Any]:
    """The schema, read once."""
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def problems(status: object) -> list[str]:
    """What is wrong with a status; empty when nothing is."""
    errors = Draft202012Validator(schema()).iter_errors(status)
    found = [f"{error.json_path.replace('$', 'status', 1)}: {error.message}" for error in errors]
    if not found and isinstance(status, dict):
        found = list(_disagreements(status))
    return found


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
