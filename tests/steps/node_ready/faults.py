"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, data, fault

CPS_OWN = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}

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
