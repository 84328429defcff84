"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, data, fault
from tests.unit.hosts.green import ADDRESSES

CPS_OWN = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    own_node = {
        "metadata": {"name": node.name, "labels": {"kubernetes.io/hostname": node.name, **node.labels}},
        "spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": ADDRESSES[node.name]},
                {"type": "Hostname", "address": node.name},
            ],
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": "True", "message": "kubelet is posting ready status"},
            ],
        },
    }
    return {"commands": {"own_node": json.dumps(own_node)}}


FAULTS = (
    fault(
        "kubelet",
        "the cluster knows the node by its tailnet address",
        data("own_node", lambda told: told["status"]["addresses"][0].update(address="10.0.0.11")),
        "10.0.0.11",
    ),
    fault(
        "kubelet",
        "the node is ready",
        data("own_node", lambda told: told["status"]["conditions"][1].update(status="False", message="no CNI")),
        "Ready is False: no CNI",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["metadata"]["labels"].pop("disk")),
        "no label disk=fast",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["spec"].update(taints=[CPS_OWN])),
        "taints node-role.kubernetes.io/control-plane:NoSchedule",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["spec"].update(taints=[CPS_OWN])),
        "taints node-role",
        WORKER,
    ),
)
