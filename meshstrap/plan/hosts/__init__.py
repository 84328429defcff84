"""What holds on a host, fact by fact with its reason: the verification's expectations, and nothing else.

Each check of ``tests/hosts`` names one of these facts. Its value is what the check prints as expected, its reason why
it matters.
"""

from __future__ import annotations

from meshstrap.plan.hosts import cilium, cluster, kubernetes, machine, mesh, software, traces
from meshstrap.plan.model import Fact, NodePlan, Plan


def host_facts(plan: Plan, node: NodePlan) -> dict[str, Fact]:
    """All facts that a check of this node may be about, by name; the plan's own are among them."""
    parts = (machine, software, mesh, kubernetes, cilium, traces, cluster)
    facts = (*plan.facts, *(fact for part in parts for fact in part.facts(plan, node)))
    return {fact.name: fact for fact in facts}
