"""The JSON Schemas of what tasks print with ``--json``, made from the types that are printed; kept in docs/schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema
from netaddr import IPAddress, IPNetwork
from pydantic import BaseModel

from meshstrap.compat import Collision
from meshstrap.plan.model import Plan, Versions
from meshstrap.verify.verdict import Outcome, Verdict
from meshstrap.watch.sight import STATES, Sight

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TIME = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    type(None): {"type": "null"},
    Any: {},
    IPAddress: {"type": "string"},
    IPNetwork: {"type": "string"},
    datetime: TIME,
    timedelta: {"type": "integer", "description": "Seconds."},
}


def schemas() -> dict[str, dict[str, Any]]:
    """Task → the schema of its ``--json``."""
    sight = _type(Sight)
    sight["properties"]["state"] = {"enum": list(STATES)}
    counts = {outcome.value: {"type": "integer"} for outcome in Outcome}
    report = {
        "cluster": {"type": "string"},
        "as_planned": {"type": "boolean", "description": "Whether nothing differs, and all could be asked."},
        "summary": {**_closed(counts), "description": "How many checks ended so."},
        "hosts": _list({"type": "string"}),
        "verdicts": _list(_type(Verdict)),
    }
    collisions = {"versions": _type(Versions), "collisions": _list(_type(Collision))}
    return {
        "plan": _titled("plan --json", _type(Plan)),
        "compat": _titled("compat --json", _closed(collisions)),
        "verify": _titled("verify --json", _closed(report)),
        "watch": {
            **_titled("watch --json", {"anyOf": [{"$ref": "#/$defs/node"}, _list({"$ref": "#/$defs/node"})]}),
            "description": "With --once a list of all nodes; without it one node a line, for each change.",
            "$defs": {"node": sight},
        },
    }


def text_of(schema: Mapping[str, Any]) -> str:
    """As it is kept."""
    return json.dumps(schema, indent=2) + "\n"


def kept(task: str) -> Path:
    """Where the schema of a task is."""
    return FOLDER / f"{task}.schema.json"


def hold(task: str, printed: str) -> None:
    """Assert that what a task has printed is as its kept schema says."""
    schema = json.loads(kept(task).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(printed))


def _titled(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DRAFT, "title": title, **schema}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a record with their types; of anything else none."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {field.name: hints[field.name] for field in fields(kind)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    return {}


def _type(kind: Any) -> dict[str, Any]:
    """The schema of one type of a field. ``KeyError``: a type that is not known here."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return {"anyOf": [_type(choice) for choice in arguments]}
    if origin is tuple:
        return _list(_type(arguments[0]))
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if named := _fields(kind):
        properties = _closed({name: _type(hint) for name, hint in named.items()})
        return {"description": " ".join((kind.__doc__ or "").replace("``", "").split()), **properties}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [choice.value for choice in kind]}
    return dict(_PLAIN[kind])
