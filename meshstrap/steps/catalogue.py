"""The folders of ``scripts/steps``, read once: which steps there are, in which order, and who gets which."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from meshstrap.errors import CatalogueInvalid
from meshstrap.own_yaml import read_typed
from meshstrap.resources import resource
from meshstrap.steps.model import Step

STEPS = resource("scripts") / "steps"
ORDER = "order.yaml"


@cache
def catalogue() -> tuple[Step, ...]:
    """All steps of the project, in order. ``CatalogueInvalid``."""
    return load_catalogue(STEPS)


def load_catalogue(folder: Path) -> tuple[Step, ...]:
    """All steps of a folder, in the order of its order.yaml. ``CatalogueInvalid`` names the file and the key."""
    order = _read(folder / ORDER)
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        raise CatalogueInvalid(f"{_name(folder / ORDER)}: not a list of the steps' names")
    found = {path.name for path in folder.iterdir() if path.is_dir()}
    for name in order:
        if name not in found or order.count(name) > 1:
            why = "is there twice" if name in found else "has no folder beside it"
            raise CatalogueInvalid(f"{_name(folder / ORDER)}: {name}: {why}")
    if forgotten := sorted(found - set(order)):
        raise CatalogueInvalid(f"{_name(folder / ORDER)}: {forgotten[0]}: the folder is there, its line is missing")
    return tuple(load_step(folder / name) for name in order)


def load_step(folder: Path) -> Step:
    """One step of its folder. ``CatalogueInvalid`` names the file and the key."""
    path = folder / "step.yaml"
    known = _read(path)
    if not isinstance(known, dict):
        raise CatalogueInvalid(f"{_name(path)}: not a mapping: it says at least what `holds`")
    try:
        step = Step.model_validate({**known, "name": folder.name})
    except ValidationError as error:
        raise CatalogueInvalid("\n".join(_problems(path, error))) from error
    if not (folder / "step.sh").is_file():
        raise CatalogueInvalid(
            f"{_name(folder / 'step.sh')}: missing: it defines check_{step.name} and apply_{step.name}"
        )
    return step


def step_named(name: str) -> Step:
    """The step of that name; ``KeyError`` when there is none."""
    return {step.name: step for step in catalogue()}[name]


def steps_for(*, role: str, family: str, given: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of a node's steps, in order. ``given``: which of the things that a step may need the node has."""
    has = frozenset(given)
    return tuple(
        step.name
        for step in catalogue()
        if role in step.roles and family in step.families and has.issuperset(step.needs)
    )


def _read(path: Path) -> Any:
    try:
        return read_typed(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueInvalid(f"{_name(path)}: missing") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueInvalid(f"{_name(path)}: not YAML: {' '.join(str(error).split())}") from error


def _problems(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{_name(path)}: {'.'.join(str(key) for key in problem['loc'])}: {problem['msg']}" for problem in error.errors()
    ]


def _name(path: Path) -> str:
    """As people find it: ``scripts/steps/<step>/<file>``."""
    folder = path.parent if path.name == ORDER else path.parent.parent
    return path.relative_to(folder.parents[1]).as_posix()
