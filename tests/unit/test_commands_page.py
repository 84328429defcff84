"""docs/commands.md names every task, every exit code and every schema, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from meshstrap import errors
from meshstrap.language import LANGUAGES
from meshstrap.tasks import namespace
from meshstrap.tasks.parsing import USAGE
from meshstrap.tasks.people import INTERRUPTED
from tests.docs.decisions import page_name
from tests.readme import ROOT
from tests.schemas import schemas

TASKS = ROOT / "meshstrap" / "tasks"
# Said by every program, and what --check and verify found.
FIXED = {0, 1, USAGE, INTERRUPTED}
_ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \|(?: ([^|]+) \|)?$", re.MULTILINE)


def page(language: str) -> str:
    return (ROOT / "docs" / page_name("commands", language)).read_text(encoding="utf-8")


def section(language: str, number: int) -> str:
    return page(language).split("\n## ")[number]


def rows(text: str) -> Iterator[tuple[str, str]]:
    yield from list(_ROW.findall(text))[1:]


def own_errors() -> list[type[errors.MeshstrapError]]:
    found = (kind for kind in vars(errors).values() if isinstance(kind, type))
    return [kind for kind in found if issubclass(kind, errors.MeshstrapError) and kind is not errors.MeshstrapError]


def test_an_exit_code_means_one_thing() -> None:
    codes = [kind.exit_code for kind in own_errors()]
    assert len(set(codes)) == len(codes)
    literal = {int(code) for path in TASKS.glob("*.py") for code in re.findall(r"code=(\d+)", path.read_text("utf-8"))}
    assert literal <= FIXED
    assert FIXED & set(codes) == {errors.WouldChange.exit_code} == {1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_each_exit_code(language: str) -> None:
    table = dict(rows(section(language, 4)))
    assert [int(code) for code in table if code.isdigit()] == sorted(FIXED | {kind.exit_code for kind in own_errors()})
    named = {name for cell in table.values() for name in re.findall(r"`(\w+)`", cell)}
    assert named <= set(namespace.task_names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_each_task(language: str) -> None:
    assert {name.strip("`") for name, _ in rows(section(language, 1)) if name.startswith("`")} == {
        *namespace.task_names
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_each_task_that_prints_json_with_its_schema(language: str) -> None:
    printing = {name for name, task in namespace.tasks.items() if "json" in task.argspec(task.body).parameters}
    assert printing == set(schemas())
    for name in printing:
        assert f"| `{name} --json` | [`{name}.schema.json`](schemas/{name}.schema.json): " in section(language, 5)
