"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, mode


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    private = {"mode": "0600", "owner": "ubuntu", "kind": "file", "bytes": 1000}
    return {"modes": {"/home/ubuntu/.kube/config": private}} if node.is_control_plane else {}


FAULTS = (
    fault(
        "control_plane",
        "the login user alone has a kubeconfig",
        mode("/home/ubuntu/.kube/config", mode="0644"),
        "/home/ubuntu/.kube/config is ubuntu's, 0644",
    ),
)
