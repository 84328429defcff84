"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, data, fault
from tests.unit.hosts.green import NO_API


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    metadata = {"toCIDR": ["169.254.169.254/32"], "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}
    policy = {"spec": {"endpointSelector": {}, "egressDeny": [metadata, {"toCIDR": ["169.254.0.2/32"]}]}}
    return {"commands": {"policies": json.dumps({"items": [policy]}) if node.is_control_plane else NO_API}}


FAULTS = (
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"].clear()),
        "denied are no ports",
    ),
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][0].pop("toPorts")),
        "denied are [('', '')]",
    ),
)
