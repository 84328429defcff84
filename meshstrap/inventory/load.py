"""``cluster.yaml`` to an inventory: every problem of the file in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from meshstrap.errors import InventoryInvalid, Problem
from meshstrap.inventory.fields import plain_data
from meshstrap.inventory.lookalikes import name_lookalikes
from meshstrap.inventory.messages import translate
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.partial import as_far_as_usable, load_partly
from meshstrap.inventory.reading import normalized, read_inventory_file
from meshstrap.inventory.rules import RULES
from meshstrap.inventory.source import parse_source
from meshstrap.inventory.tree import Places

Rule: TypeAlias = Callable[[Inventory, Places], Iterable[Problem]]
"""One rule across fields. It reads the inventory, and makes problems with ``places.problem(path, message)``."""


def load_inventory(path: Path, rules: Sequence[Rule] = ()) -> Inventory:
    """Read and check an inventory file; ``rules`` are held against it beside the inventory's own.

    Raises :class:`~meshstrap.errors.InventoryNotFound` when there is no such file, and
    :class:`~meshstrap.errors.InventoryInvalid` with all problems, sorted by place.
    """
    return parse_inventory(read_inventory_file(path), str(path), rules)


def parse_inventory(text: str | bytes, file: str, rules: Sequence[Rule] = ()) -> Inventory:
    """Check an inventory's text; ``file`` is its name in messages. Raises like :func:`load_inventory`."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        return _checked(data, file, rules)
    except InventoryInvalid as error:
        raise InventoryInvalid(name_lookalikes(error.problems, normalized(data.decode("utf-8", "replace")))) from None


def _checked(data: bytes, file: str, rules: Sequence[Rule]) -> Inventory:
    root, duplicates = parse_source(data, file)
    places, problems = Places(file, root), list(duplicates)
    plain = plain_data(root)
    try:
        inventory = Inventory.model_validate(plain)
    except ValidationError as error:
        problems += translate(error, places)
        inventory = load_partly(plain, error)
    for rule in (*RULES, *rules):
        problems += _findings(rule, inventory, places)
    if problems:
        raise InventoryInvalid(set(problems))
    return inventory


def _findings(rule: Rule, inventory: Inventory, places: Places) -> list[Problem]:
    """What the rule finds, up to the first value that is wrong in itself."""
    findings: list[Problem] = []
    with as_far_as_usable():
        findings.extend(rule(inventory, places))
    return findings
