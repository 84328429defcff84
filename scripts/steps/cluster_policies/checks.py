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

_EVERY_PORT = ("", "")


@TOPIC.check()
def pods_cannot_reach_the_metadata_service(machine: Machine) -> None:
    found = denied_ports(machine.answers.data("policies").get("items", []), METADATA_ADDRESS)
    machine.expect(
        ("TCP", "80") in found, f"no policy for all pods denies it; denied are {sorted(found) or 'no ports'}"
    )
    machine.expect(found == {("TCP", "80")}, f"denied are {sorted(found)}")


@TOPIC.check()
def pods_cannot_reach_other_machines_of_the_tailnet(machine: Machine) -> None:
    if machine.plan.pods_reach_tailnet:
        machine.skip("cluster.pods_reach_tailnet lets them")
    subnet = machine.plan.network.tailnet_subnet
    policies = machine.answers.data("policies").get("items", [])
    # Its first address and its last are nobody's; a policy that denies both, and every port, denies what lies between.
    found = [denied_ports(policies, str(subnet[place])) for place in (0, -1)]
    machine.expect(all(_EVERY_PORT in ports for ports in found), f"no policy for all pods denies {subnet}")
