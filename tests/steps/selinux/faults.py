"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, fault, says, text
from tests.unit.hosts.green import ABSENT


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    if node.family == "apt":
        return {"commands": {"selinux": ABSENT}}
    configuration = "# comment\nSELINUX=permissive\nSELINUXTYPE=targeted\n"
    return {"texts": {"/etc/selinux/config": configuration}, "commands": {"selinux": "Permissive\n"}}


FAULTS = (
    fault("machine", "selinux is as planned", says("selinux", "Enforcing"), "Enforcing now", WORKER),
    fault(
        "machine",
        "selinux is as planned",
        text("/etc/selinux/config", "=permissive", "=enforcing"),
        "enforcing at the next boot",
        WORKER,
    ),
)
