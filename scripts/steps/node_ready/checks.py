"""The cluster knows this node by its tailnet address, and gives it pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshstrap.plan import NodePlan, Plan
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import tailnet_address

# Set and taken away by Kubernetes and Cilium themselves.
PASSING_TAINTS = ("node.kubernetes.io/", "node.cilium.io/", "node.cloudprovider.kubernetes.io/")
KUBEADMS_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"
_OWN_NODE = (
    'kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=15s get --raw "/api/v1/nodes/$(uname -n)"'
)


def asks(plan: Plan) -> Asked:
    """The node as the API knows it."""
    del plan
    return Asked(commands=(Question("own_node", _OWN_NODE),))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {
        "labels": ", ".join(f"{name}={value}" for name, value in node.labels.items()) or "none",
        "taints": "kubeadm's own" if node.taints is None else ", ".join(node.taints) or "none",
    }


TOPIC = Topic("kubelet", __file__, asks=asks, values=values)


def registered(machine: Machine) -> dict[str, Any]:
    """The node as the API knows it, asked with the kubelet's own credentials."""
    found: dict[str, Any] = machine.answers.data("own_node")
    return found


@TOPIC.check()
def the_cluster_knows_the_node_by_its_tailnet_address(machine: Machine) -> None:
    told = registered(machine)["status"].get("addresses", [])
    found = [one["address"] for one in told if one["type"] == "InternalIP"]
    machine.expect(found == [tailnet_address(machine.answers)], found)


@TOPIC.check()
def the_node_is_ready(machine: Machine) -> None:
    conditions = registered(machine)["status"].get("conditions", [])
    found = {one["type"]: one for one in conditions}.get("Ready", {"status": "not reported"})
    machine.expect(found["status"] == "True", f"Ready is {found['status']}: {found.get('message', '')}")


@TOPIC.check()
def the_node_has_the_planned_labels_and_taints(machine: Machine) -> None:
    node = registered(machine)
    labels = node["metadata"].get("labels", {})
    absent = [f"{name}={value}" for name, value in machine.node.labels.items() if labels.get(name) != value]
    machine.expect(not absent, f"no label {', '.join(absent)}")
    taints = {written(one) for one in node["spec"].get("taints", []) if not one["key"].startswith(PASSING_TAINTS)}
    kubeadms = {KUBEADMS_TAINT} if machine.node.is_control_plane else set()
    planned = kubeadms if machine.node.taints is None else set(machine.node.taints)
    machine.expect(taints == planned, f"taints {', '.join(sorted(taints)) or 'none'}")


def written(taint: Mapping[str, str]) -> str:
    """A taint the way cluster.yaml and kubectl write it."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"
