"""Whatever the file holds, there is an inventory or an error for people; anything else is a bug."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshstrap import compat
from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import Inventory, parse_inventory

EVERYTHING = (Path(__file__).parents[1] / "inventories/valid/everything.yaml").read_text(encoding="utf-8")
JARGON = re.compile(
    r"Input should|pydantic|validation error|Traceback|field required|extra_forbidden|NoneType|<class", re.IGNORECASE
)

WORDS = st.sampled_from(
    [
        *re.findall(r"[A-Za-z0-9_./:-]+", EVERYTHING),
        "",
        "~",
        "0",
        "-1",
        "null",
        "true",
        "[]",
        "{}",
        "10.0.0.1/24",
        "::/0",
    ]
)
SCALARS = WORDS | st.text(max_size=8) | st.integers() | st.booleans() | st.none()
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
fuzz = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(data: str | bytes) -> None:
    try:
        inventory = parse_inventory(data, "cluster.yaml", [compat.version_rules])
    except InventoryInvalid as error:
        problems = error.problems
    else:
        assert isinstance(inventory, Inventory)
        compat.warnings(inventory)
        return
    assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert "\n" not in str(problem)
        assert not JARGON.search(problem.message) or JARGON.search(str(data)), problem


@fuzz
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check(data)


@fuzz
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text)


@fuzz
@given(st.lists(st.sampled_from(list("abc:-{}[]'\"|>&*!%@`?,#~ \n\n  \t")), max_size=60).map("".join))
def test_yaml_like_text(text: str) -> None:
    check(text)


@fuzz
@given(st.integers(0, len(EVERYTHING)), st.integers(0, 30), st.text(max_size=6) | WORDS)
def test_a_real_file_with_a_hole(start: int, length: int, filler: str) -> None:
    check(EVERYTHING[:start] + filler + EVERYTHING[start + length :])


@fuzz
@given(st.data())
def test_a_real_file_with_other_values(data: st.DataObject) -> None:
    document = yaml.load(EVERYTHING, Loader=yaml.BaseLoader)  # noqa: S506 - text, lists and dicts only
    for _ in range(data.draw(st.integers(1, 3))):
        replace_somewhere(document, data)
    check(yaml.safe_dump(document, allow_unicode=True))


def replace_somewhere(node: Any, data: st.DataObject) -> None:
    """Walk down at random and put something else there, or take it away."""
    while isinstance(node, (dict, list)) and node:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        below = node[key]
        if not isinstance(below, (dict, list)) or not below or data.draw(st.booleans()):
            if data.draw(st.booleans()):
                node[key] = data.draw(TREES)
            else:
                del node[key]
            return
        node = below


@pytest.mark.parametrize("seed", ["cluster", "nodes", "accounts", "cilium", "sources", "tailnet"])
@fuzz
@given(tree=TREES)
def test_any_section(seed: str, tree: Any) -> None:
    document = yaml.load(EVERYTHING, Loader=yaml.BaseLoader)  # noqa: S506 - text, lists and dicts only
    document[seed] = tree
    check(yaml.safe_dump(document, allow_unicode=True))
