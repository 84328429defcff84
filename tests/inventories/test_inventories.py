"""Each row of the tables in invalid/ has one fault and gives exactly what it says; each file of valid/ an inventory.

A table is of the section that its rows blame; `file.yaml` is of the file as a whole. ``text`` holds the sections that
differ from :data:`BASE`, ``whole`` a file of its own; ``said`` one message a line, without the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshstrap import compat
from meshstrap.compat.data import load_collisions
from meshstrap.errors import InventoryInvalid, Problem
from meshstrap.inventory import Inventory, Places, Rule, load_inventory, parse_inventory
from meshstrap.inventory.rules import RULES

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "cluster.example.yaml"
TABLES = sorted((HERE / "invalid").iterdir())
VALID = [*sorted((HERE / "valid").glob("*.yaml")), EXAMPLE]
BASE = """\
cluster:
  name: homelab
accounts:
  - name: alice
    subnet: 10.0.0.0/24
nodes:
  - name: cp1
    account: alice
    role: control-plane
  - name: w1
    account: alice
    role: worker
"""
_SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
_BLAMED = re.compile(r"\d+:\d+: (\w+)")


def sections(text: str) -> dict[str, str]:
    """The text of each section, by its name."""
    return {part.partition(":")[0]: part for part in _SECTION.split(text) if part}


def inventory(row: Mapping[str, str]) -> str:
    """The whole file of a row: a section takes the base's place, or comes behind it."""
    return row["whole"] if "whole" in row else "".join((sections(BASE) | sections(row["text"])).values())


def rows(table: Path) -> Mapping[str, dict[str, str]]:
    loaded: Any = yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - text and dicts only
    return dict(loaded)


INVALID = {name: row for table in TABLES for name, row in rows(table).items()}
each_row = pytest.mark.parametrize("row", INVALID.values(), ids=INVALID.keys())


def problems_of(row: Mapping[str, str], rules: Iterable[Rule] = (compat.version_rules,)) -> tuple[Problem, ...]:
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(inventory(row), "f", tuple(rules))
    return caught.value.problems


@each_row
def test_invalid_inventory_is_reported_as_intended(row: Mapping[str, str]) -> None:
    assert [str(problem) for problem in problems_of(row)] == [f"f:{line}" for line in row["said"].splitlines()]


@pytest.mark.parametrize("name", INVALID)
def test_invalid_inventory_has_one_fault(name: str) -> None:
    assert len(INVALID[name]["said"].splitlines()) == 1 or name.startswith("several-")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_a_row_stands_once_and_in_the_table_of_the_section_that_it_blames(table: Path) -> None:
    names = re.findall(r"^(\S.*):$", table.read_text(encoding="utf-8"), re.MULTILINE)
    assert names == sorted(rows(table))
    assert [name for name in names if INVALID[name] != rows(table)[name]] == []
    for name, row in rows(table).items():
        assert set(row) in ({"text", "said"}, {"whole", "said"}), name
        blamed = _BLAMED.match(row["said"])
        section = blamed[1] if blamed and blamed[1] in Inventory.model_fields else "file"
        assert section == table.stem, name


def test_a_row_says_no_more_than_it_needs() -> None:
    """A section like the base's is left out, and a file that could be told by its sections is."""
    same = {
        name
        for name, row in INVALID.items()
        if set(sections(BASE).items()) & set(sections(row.get("text", "")).items())
    }
    assert same == set()


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_inventory_is_accepted(path: Path) -> None:
    assert isinstance(load_inventory(path, [compat.version_rules]), Inventory)


def test_the_base_is_accepted() -> None:
    assert isinstance(parse_inventory(BASE, "f", [compat.version_rules]), Inventory)


def test_every_rule_has_an_invalid_inventory() -> None:
    rules: tuple[Rule, ...] = (*RULES, *compat.rules.RULES)
    seen: set[str] = set()

    def spy(rule: Rule) -> Rule:
        def watched(inventory: Inventory, places: Places) -> Iterator[Problem]:
            for problem in rule(inventory, places):
                seen.add(rule.__name__)
                yield problem

        return watched

    for row in INVALID.values():
        problems_of(row, [spy(rule) for rule in rules])
    assert {rule.__name__ for rule in rules} == seen


def test_every_refused_collision_has_an_invalid_inventory() -> None:
    reported = "\n".join(row["said"] for row in INVALID.values())
    refused = [entry for entry in load_collisions() if entry.severity == "refuse"]
    assert [entry.id for entry in refused if entry.why not in reported] == []
