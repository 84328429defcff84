"""Topic machine, before any step: is it there, and is it one of ours."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.ssh import advice
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.arrival import Arrival
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import NotAsPlanned


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {"nodes": ", ".join(one.name for one in plan.nodes)}


TOPIC = Topic("machine", __file__, values=values)


@TOPIC.check(of_host=True)
def the_machine_answers(arrival: Arrival) -> None:
    if arrival.answers is None:
        name = arrival.node.name if arrival.node else arrival.host
        raise CannotTell(f"{arrival.silence} ({advice(name, arrival.silence)})")


@TOPIC.check(of_host=True)
def the_machine_is_a_node_of_the_plan(arrival: Arrival) -> None:
    if arrival.node is None:
        raise NotAsPlanned(f"the host {arrival.host}, which calls itself {arrival.reported}")
