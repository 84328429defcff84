"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, says


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    return {"commands": {"trusted_ca": "1\n"}}


FAULTS = (
    fault("packages", "the private ca is trusted", says("trusted_ca", "0", 1), "not among the system's certificates"),
)
