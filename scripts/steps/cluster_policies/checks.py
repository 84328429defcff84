"""Pods may not reach what is not theirs."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.plan.names import METADATA_ADDRESS
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import API, denied_ports
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question


def asks(plan: Plan) -> Asked:
    """The policies of the whole cluster."""
    del plan
    return Asked(commands=(Question("policies", f"{API} /apis/cilium.io/v2/ciliumclusterwidenetworkpolicies"),))


TOPIC = Topic("cilium", __file__, asks=asks)


@TOPIC.check()
def pods_cannot_reach_the_metadata_service(machine: Machine) -> None:
    found = denied_ports(machine.answers.data("policies").get("items", []), METADATA_ADDRESS)
    machine.expect(
        ("TCP", "80") in found, f"no policy for all pods denies it; denied are {sorted(found) or 'no ports'}"
    )
    machine.expect(found == {("TCP", "80")}, f"denied are {sorted(found)}")
