"""SELinux does not enforce, where the plan says so."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import settings


def asks(plan: Plan) -> Asked:
    """Its mode, now and at the next boot."""
    del plan
    return Asked(
        texts=("/etc/selinux/config",),
        modes=("/sys/fs/selinux/enforce",),
        commands=(Question("selinux", "getenforce"),),
    )


TOPIC = Topic("machine", __file__, asks=asks)


@TOPIC.check()
def selinux_is_as_planned(machine: Machine) -> None:
    if machine.node.selinux != "permissive":
        machine.skip("the plan leaves SELinux alone")
    now = machine.answers.said("selinux")
    at_boot = dict(settings(machine.answers.text("/etc/selinux/config") or "")).get("SELINUX", "")
    machine.expect(now != "Enforcing", f"{now} now")
    machine.expect(at_boot != "enforcing", "enforcing at the next boot")
