"""Each file of invalid/ has one fault and gives exactly its .err; each file of valid/ gives an inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from meshstrap import compat
from meshstrap.compat.data import load_collisions
from meshstrap.errors import InventoryInvalid, Problem
from meshstrap.inventory import Inventory, Places, Rule, load_inventory, parse_inventory
from meshstrap.inventory.rules import RULES

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "cluster.example.yaml"
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = [*sorted((HERE / "valid").glob("*.yaml")), EXAMPLE]


def problems_of(path: Path, rules: Iterable[Rule] = (compat.version_rules,)) -> tuple[Problem, ...]:
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(path.read_bytes(), path.name, tuple(rules))
    return caught.value.problems


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_inventory_is_reported_as_intended(path: Path) -> None:
    reported = "\n".join(str(problem) for problem in problems_of(path))
    assert reported + "\n" == path.with_suffix(".err").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_inventory_has_one_fault(path: Path) -> None:
    if not path.stem.startswith("several-"):
        assert len(problems_of(path)) == 1


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_inventory_is_accepted(path: Path) -> None:
    assert isinstance(load_inventory(path, [compat.version_rules]), Inventory)


def test_no_orphans() -> None:
    texts = {path.stem for path in INVALID}
    errors = {path.stem for path in (HERE / "invalid").glob("*.err")}
    assert texts == errors
    assert {path.suffix for path in (HERE / "invalid").iterdir()} == {".yaml", ".err"}


def test_every_rule_has_an_invalid_inventory() -> None:
    rules: tuple[Rule, ...] = (*RULES, *compat.rules.RULES)
    seen: set[str] = set()

    def spy(rule: Rule) -> Rule:
        def watched(inventory: Inventory, places: Places) -> Iterator[Problem]:
            for problem in rule(inventory, places):
                seen.add(rule.__name__)
                yield problem

        return watched

    for path in INVALID:
        problems_of(path, [spy(rule) for rule in rules])
    assert {rule.__name__ for rule in rules} == seen


def test_every_refused_collision_has_an_invalid_inventory() -> None:
    reported = "\n".join(path.with_suffix(".err").read_text(encoding="utf-8") for path in INVALID)
    refused = [entry for entry in load_collisions() if entry.severity == "refuse"]
    assert [entry.id for entry in refused if entry.why not in reported] == []
