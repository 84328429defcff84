"""Where everything is as planned, every check says so."""

from __future__ import annotations

import pytest

from meshstrap.verify.questions import questions
from meshstrap.verify.verdict import Outcome
from tests.unit.hosts.evaluate import evaluate
from tests.unit.hosts.green import arrival, green, plan


@pytest.mark.parametrize("name", ["cp1", "w1"])
def test_nothing_is_wrong(name: str) -> None:
    found = {
        check: (verdict.outcome.value, verdict.found)
        for check, verdict in evaluate(arrival(name, green(name))).items()
        if verdict.is_told
    }
    assert found == {}


def test_every_check_is_asked_of_one_of_the_two() -> None:
    both = [evaluate(arrival(name, green(name))) for name in ("cp1", "w1")]
    never = [check for check in both[0] if all(one[check].outcome is not Outcome.HOLDS for one in both)]
    # Of another way between nodes than the one of these two: tests/steps/pod_routes/test_checks.py.
    assert [check for check in never if not check.startswith("pod_routes.")] == []


@pytest.mark.parametrize("name", ["cp1", "w1"])
def test_every_question_has_one_name_and_its_answer(name: str) -> None:
    asked = [question.name for question in questions(plan(), whole=True).commands]
    assert sorted(asked) == sorted(green(name)["commands"])
