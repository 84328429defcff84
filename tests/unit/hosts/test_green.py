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


OF_ANOTHER_ROUTING = {
    "tailnet.the_nodes_pods_are_a_route_of_the_tailnet",
    "tailnet.every_other_nodes_pods_are_reached_through_the_tailnet",
    "tailnet.no_other_route_of_the_tailnet_is_used",
}


def test_every_check_is_asked_of_one_of_the_two() -> None:
    both = [evaluate(arrival(name, green(name))) for name in ("cp1", "w1")]
    never = [check for check in both[0] if all(one[check].outcome is not Outcome.HOLDS for one in both)]
    # Of another way between nodes than the one of these two: tests/steps/pod_routes/test_checks.py.
    assert [check for check in never if check not in OF_ANOTHER_ROUTING] == []


@pytest.mark.parametrize("name", ["cp1", "w1"])
def test_every_question_has_one_name_and_its_answer(name: str) -> None:
    asked = [question.name for question in questions(plan(), whole=True).commands]
    assert sorted(asked) == sorted(green(name)["commands"])
