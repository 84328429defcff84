"""Images come from the mirrors of the plan."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked


def asks(plan: Plan) -> Asked:
    """What containerd reads at each pull."""
    del plan
    return Asked(texts=("/etc/containerd/certs.d/*/hosts.toml",))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {"mirrors": ", ".join(f"{one.registry} from {one.url}" for one in plan.registry_mirrors)}


TOPIC = Topic("containerd", __file__, asks=asks, values=values)


@TOPIC.check()
def images_come_from_the_planned_mirrors(machine: Machine) -> None:
    wrong = []
    for mirror in machine.plan.registry_mirrors:
        text = machine.answers.text(f"/etc/containerd/certs.d/{mirror.registry}/hosts.toml")
        hosts = tomllib.loads(text).get("host", {}) if text else {}
        if list(hosts) != [mirror.url]:
            wrong.append(f"{mirror.registry} from {', '.join(hosts) or 'its own'}")
    machine.expect(not wrong, wrong)
