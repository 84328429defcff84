"""The page of the CIS benchmark is that of its data, and the data is true of what is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshstrap.plan.merging import as_text
from meshstrap.rendering import render_documents
from meshstrap.verify.catalogue import checks
from tests.docs.benchmark import Item, load_benchmark
from tests.docs.cis import benchmark_markdown
from tests.golden.cases import example_plan

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"en": "cis.md", "ko": "cis.ko.md"}
# How many items each section of the benchmark has.
SIZES = {"1.1": 21, "1.2": 30, "1.3": 7, "1.4": 2, "2": 7, "3.1": 3, "3.2": 2, "4.1": 10, "4.2": 14, "4.3": 1}

PLAN = example_plan()
DATA = load_benchmark()
CHECKS = {check.id for check in checks(whole=True)}
DOCUMENTS = {document.name: document.text for document in render_documents(PLAN, PLAN.node(PLAN.control_plane))}


def settings(program: str) -> dict[str, str]:
    """What is rendered for a program."""
    if program == "kubelet":
        return {name: as_text(value) for name, value in PLAN.kubelet.items()}
    return dict(PLAN.components[program].arguments)


@pytest.mark.parametrize(("language", "name"), PAGES.items())
def test_the_page_is_that_of_the_data(language: str, name: str, update_golden: bool) -> None:
    path = FOLDER / name
    if update_golden:
        path.write_text(benchmark_markdown(language), encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == benchmark_markdown(language), "nox -s update-golden writes it anew"


def test_every_item_stands_once_and_in_order() -> None:
    wanted = [f"{section}.{number}" for section, size in SIZES.items() for number in range(1, size + 1)]
    assert [item.id for item in DATA.items] == wanted
    assert {item.by for item in DATA.items} == set(DATA.reasons)


@pytest.mark.parametrize("item", DATA.items, ids=lambda item: item.id)
def test_what_makes_an_item_so_is_there(item: Item) -> None:
    where, _, what = item.holds.partition(" ")
    if where == "check":
        assert what in CHECKS
    elif where.endswith(".yaml"):
        assert what in DOCUMENTS[where]
    elif where:
        name, _, value = what.partition("=")
        assert settings(where)[name] == value
    if item.lacks:
        program, _, name = item.lacks.partition(" ")
        assert name not in settings(program)


@pytest.mark.parametrize("item", DATA.items, ids=lambda item: item.id)
def test_an_item_says_why(item: Item) -> None:
    reason = DATA.reasons[item.by]
    assert bool(item.why) == (reason.verdict == "choice") == (not reason.en)
    assert bool(item.holds) == (item.by in {"rendered", "checked", "absent"})
