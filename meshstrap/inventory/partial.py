"""An inventory with faults in it, so far as it can be used.

Rules across fields have to run even when a field somewhere else is wrong: all problems come out in one run. So
values that were wrong get the field's documented example in their place, and are then taken out of the loaded
model again: a rule that asks for one meets an ``AttributeError``, and what it found before counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from meshstrap.inventory.fields import field_at, section_in
from meshstrap.inventory.messages import fault_path
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.section import Section
from meshstrap.inventory.tree import Path


@contextmanager
def as_far_as_usable() -> Iterator[None]:
    """What is within ends where it asks for a field that was taken out; any other ``AttributeError`` is a bug."""
    try:
        yield
    except AttributeError as error:
        if not isinstance(error.obj, Section) or error.name not in type(error.obj).model_fields:
            raise


def load_partly(data: dict[str, Any], error: ValidationError) -> Inventory:
    """The inventory without the values that ``error`` is about."""
    data = deepcopy(data)
    holes: set[Path] = set()
    for details in error.errors(include_url=False):
        path = fault_path(details)
        if details["type"] == "extra_forbidden":
            del _at(data, path[:-1])[path[-1]]
        else:
            holes.update(_fill(data, path))
    inventory = Inventory.model_validate(data)
    for hole in holes:
        _remove(inventory, hole)
    return inventory


def _fill(data: dict[str, Any], path: Path) -> Iterable[Path]:
    """Put the example where the value at ``path`` is wrong or missing; gives what has to be taken out again."""
    found = field_at(path)
    if found is None:
        raise AssertionError(f"no field at {path}")
    place, info = found
    example = deepcopy((info.examples or [None])[0])
    section = section_in(info.annotation)
    if section is None or len(path) == len(place):
        _at(data, place[:-1])[place[-1]] = example
        return [place]
    item = path[: len(place) + 1]
    _at(data, place)[item[-1]] = example[0]
    return [(*item, name) for name in section.model_fields]


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _remove(inventory: Inventory, hole: Path) -> None:
    owner: Any = inventory
    for part in hole[:-1]:
        owner = owner[part] if isinstance(part, int) else owner.__dict__.get(part)
        if owner is None:
            return
    owner.__dict__.pop(hole[-1], None)
