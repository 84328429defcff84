"""What the script writes is what ``status.schema.json`` says, and the schema refuses what it should not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.status_schema import problems

from .library_shell import STEPS, script, status
from .sandbox import Sandbox

_LOOK = 'n=$(find "$ROOT" -name "seen.*" | wc -l); cp "$ROOT/var/lib/meshstrap/status.json" "$ROOT/seen.$n"; '


@pytest.mark.parametrize(
    "last",
    [
        ': >"$ROOT/two"',
        "false",
        "fail 'out of $HOME \"and\" \\ more'",
        "waiting 'no peer' 'add it'",
        "await 0 peer 'add it' false",
        "retry 1 0 false",
        "exit 3",
        # As bash counts while the clock is set back by two hours.
        'SECONDS=-7200; : >"$ROOT/two"',
        "SECONDS=-7200; waiting 'no peer' 'add it'",
    ],
)
def test_every_status_that_is_written_holds_to_the_schema(sandbox: Sandbox, last: str) -> None:
    looking = STEPS.replace("check_one() { ", "check_one() { " + _LOOK).replace(
        "check_two() { ", "check_two() { " + _LOOK
    )
    script(sandbox, steps=STEPS.replace(': >"$ROOT/two"', last))
    script(sandbox, steps=looking.replace(': >"$ROOT/two"', last))
    seen = [json.loads(path.read_text()) for path in sandbox.root.glob("seen.*")]
    assert seen
    assert [problems(told) for told in [*seen, status(sandbox)] if problems(told)] == []


@pytest.fixture
def told(sandbox: Sandbox) -> dict[str, Any]:
    script(sandbox, steps=STEPS.replace(': >"$ROOT/two"', "waiting 'no peer' 'add it'"))
    return status(sandbox)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"state": "done"}, "status.state: 'done' is not one of"),
        ({"tries": 0}, "status.tries: 0 is less than the minimum of 1"),
        ({"tries": "1"}, "status.tries: '1' is not of type 'integer'"),
        ({"schema": True}, "status.schema: 1 was expected"),
        ({"started": "yesterday"}, "status.started: 'yesterday' does not match"),
        ({"facts": {"ends ca.crt": "Nov 29 2027"}}, "status.facts['ends ca.crt']: 'Nov 29 2027' does not match"),
        ({"facts": {"address": 7}}, "status.facts.address: 7 is not of type 'string'"),
        ({"secret": "x"}, "status: Additional properties are not allowed ('secret' was unexpected)"),
        ({"steps": []}, "status.steps: [] should be non-empty"),
        ({"message": "tab\x1b"}, "status.message: 'tab\\x1b' does not match"),
        ({"step": "one"}, "['two'] are at work, but the status is waiting in one"),
        ({"step": "three"}, "three is none of the steps"),
        ({"next": ""}, "it does not say what to do"),
        ({"state": "converged"}, "converged, but not every step"),
    ],
)
def test_another_status_is_refused(told: dict[str, Any], change: dict[str, Any], found: str) -> None:
    assert problems(told) == []
    assert any(problem.startswith(found) for problem in problems(told | change)), problems(told | change)


@pytest.mark.parametrize("name", ["schema", "node", "message", "steps"])
def test_a_status_without_one_of_its_parts_is_refused(told: dict[str, Any], name: str) -> None:
    del told[name]
    assert problems(told)


def test_steps_out_of_order_are_refused(told: dict[str, Any]) -> None:
    told["steps"][0] |= {"state": "pending", "started": ""}
    told["steps"][1]["state"] = "ok"
    assert "a step has ended before the one in front of it" in problems(told)
