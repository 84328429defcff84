"""What tasks print for programs is as docs/schemas/ says; watch and verify are held to it where they are run."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.readme import ROOT
from tests.schemas import FOLDER, hold, kept, schemas, text_of
from tests.unit.test_tasks import Invoke, invoke

__all__ = ["invoke"]  # the fixture

VALID = sorted((ROOT / "tests" / "inventories" / "valid").glob("*.yaml"))


@pytest.mark.parametrize("task", schemas())
def test_the_kept_schema_is_that_of_the_types(task: str, update_golden: bool) -> None:
    made = text_of(schemas()[task])
    if update_golden:
        kept(task).write_text(made, encoding="utf-8")
    assert kept(task).read_text(encoding="utf-8") == made, "nox -s update-golden, and read the git diff"
    jsonschema.Draft202012Validator.check_schema(json.loads(made))


def test_no_schema_is_left_of_a_task_that_is_gone() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {kept(task).name for task in schemas()}


@pytest.mark.parametrize("task", ["plan", "compat"])
@pytest.mark.parametrize("inventory", VALID, ids=lambda path: path.stem)
def test_a_real_run_is_as_its_schema_says(invoke: Invoke, task: str, inventory: Path) -> None:
    result = invoke(task, "--json", "--inventory", str(inventory))
    assert (result.code, result.err) == (0, "")
    hold(task, result.out)


def test_another_form_is_not_taken(invoke: Invoke) -> None:
    document = json.loads(invoke("plan", "--json").out)
    for wrong in ({**document, "more": 1}, {**document, "api_port": "6443"}, {**document, "nodes": [{}]}):
        with pytest.raises(jsonschema.ValidationError):
            hold("plan", json.dumps(wrong))
