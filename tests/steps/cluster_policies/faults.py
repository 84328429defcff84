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
    policy = {
        "spec": {"endpointSelector": {}, "egressDeny": [metadata, {"toCIDR": ["169.254.0.2/32", "100.64.0.0/10"]}]}
    }
    return {"commands": {"policies": json.dumps({"items": [policy]}) if node.is_control_plane else NO_API}}


FAULTS = (
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"].pop(0)),
        "denied are no ports",
    ),
    fault(
        "cilium",
        "pods cannot reach other machines of the tailnet",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][1]["toCIDR"].pop()),
        "no policy for all pods denies 100.64.0.0/10",
    ),
    fault(
        "cilium",
        "pods cannot reach other machines of the tailnet",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][1].update(toCIDR=["100.64.0.0/16"])),
        "no policy for all pods denies 100.64.0.0/10",
    ),
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][0].pop("toPorts")),
        "denied are [('', '')]",
    ),
)
