"""Whose image has Oracle's own rules, and whose has not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshstrap.verify.answers import Answers
from meshstrap.verify.arrival import arrive
from meshstrap.verify.questions import questions
from meshstrap.verify.verdict import Outcome
from tests.unit.hosts.evaluate import evaluate
from tests.unit.hosts.green import green, plan

from .faults import RULES

CHECK = "firewall.the_instance_services_rules_are_intact"


@pytest.mark.parametrize(("os", "outcome"), [("ubuntu-24.04", Outcome.DIFFERS), ("debian-13", Outcome.SKIPPED)])
def test_an_image_of_debian_in_oracles_cloud_has_no_such_rules_to_lose(os: str, outcome: Outcome) -> None:
    planned = plan()
    nodes = tuple(replace(node, os=os) if node.name == "cp1" else node for node in planned.nodes)
    raw = green("cp1")
    del raw["texts"][RULES]
    answers = Answers(raw, questions(planned, whole=True).commands)
    arrival = arrive(replace(planned, nodes=nodes), "cp1", lambda: answers, whole=True)
    assert evaluate(arrival)[CHECK].outcome is outcome
