"""Values that meshstrap's design depends on, which a free-form place may therefore not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshstrap.errors import Problem
from meshstrap.inventory.alternatives import explain_refusal, refused_value
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.tree import Path, Places

CILIUM_VALUES = {
    "kubeProxyReplacement": "kubeadm installs no kube-proxy, so Cilium has to replace it",
    "k8sServiceHost": "it is cluster.api_endpoint",
    "k8sServicePort": "the API server listens on 6443",
    "routingMode": "it follows from cilium.routing",
    "tunnelProtocol": "it follows from cilium.routing",
    "MTU": "it follows from the tailnet's MTU (1280) and from cilium.routing",
    "ipam.mode": "pods get their addresses from cluster.pod_subnet; Cilium's own pool is 10.0.0.0/8",
    "k8s.requireIPv4PodCIDR": "pods get their addresses from cluster.pod_subnet",
    "ipv4.enabled": "the cluster is an IPv4 cluster",
    "ipv6.enabled": "this version builds IPv4 clusters only",
    "bpf.masquerade": "pods leave the node through it",
    "enableIPv4Masquerade": "without it pods leave with addresses that no router outside knows",
    "ipv4NativeRoutingCIDR": "it follows from cilium.routing",
    "autoDirectNodeRoutes": "the nodes have no network in common but the tailnet",
    "encryption.enabled": "the tailnet encrypts already, and a second layer takes more than the MTU leaves",
    "sysctlfix.enabled": "without it strict reverse path filtering drops what goes from a node to its own pods",
}
"""Path in ``cilium.values`` → why it is meshstrap's."""

KUBELET_FIELDS = {
    "apiVersion": "meshstrap writes it",
    "kind": "meshstrap writes it",
    "address": "the kubelet listens where kubeadm expects it",
    "authentication": "an open kubelet runs anybody's commands in your pods",
    "authorization": "an open kubelet runs anybody's commands in your pods",
    "cgroupDriver": "containerd is configured for systemd, and both have to agree",
    "clusterDNS": "it follows from cluster.service_subnet",
    "clusterDomain": "kubeadm and CoreDNS use cluster.local",
    "containerRuntimeEndpoint": "it is containerd's socket",
    "enableServer": "kubectl logs and exec need it",
    "port": "the API server asks the kubelet on 10250",
    "protectKernelDefaults": "the kubelet would not start: it then demands kernel values that no step sets",
    "readOnlyPort": "it answers everyone without asking who",
    "registerNode": "the node joins by registering itself",
    "registerWithTaints": "use nodes[].taints",
    "rotateCertificates": "without it the node drops out after a year",
    "serverTLSBootstrap": "somebody would have to approve every node's certificate before kubectl logs works",
    "runOnce": "the kubelet of an API server refuses it",
    "staticPodPath": "kubeadm puts the control plane there",
}
"""Field of KubeletConfiguration → why it is meshstrap's."""


def cilium_values_leave_the_design_alone(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """``cilium.values`` changes nothing of :data:`CILIUM_VALUES`."""
    yield from _protected(inventory.cilium.values, CILIUM_VALUES, ("cilium", "values"), places)


def cluster_kubelet_leaves_the_design_alone(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """``cluster.kubelet`` changes nothing of :data:`KUBELET_FIELDS`."""
    yield from _protected(inventory.cluster.kubelet, KUBELET_FIELDS, ("cluster", "kubelet"), places)


def node_kubelets_leave_the_design_alone(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """``nodes[].kubelet`` changes nothing of :data:`KUBELET_FIELDS`."""
    for index, node in enumerate(inventory.nodes):
        yield from _protected(node.kubelet, KUBELET_FIELDS, ("nodes", index, "kubelet"), places)


def _protected(values: Mapping[str, Any], reasons: Mapping[str, str], start: Path, places: Places) -> Iterator[Problem]:
    for dotted, reason in reasons.items():
        written = _written(values, dotted.split("."))
        if written:
            message = f"this cannot be set here: {reason}; remove it"
            alternative = refused_value(dotted, _value(values, written)) if reasons is CILIUM_VALUES else ""
            more = f". {explain_refusal(alternative, places)}" if alternative else ""
            yield places.problem((*start, *written), message + more, at_key=True)


def _value(values: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        values = values[key]
    return values


def _written(values: Any, keys: list[str]) -> tuple[str, ...]:
    """As much of the path as is there, when setting it would change the value at the path's end."""
    if not isinstance(values, Mapping) or keys[0] not in values:
        return ()
    below = values[keys[0]]
    if len(keys) == 1 or not isinstance(below, Mapping):
        return (keys[0],)
    rest = _written(below, keys[1:])
    return (keys[0], *rest) if rest else ()


RULES = (
    cilium_values_leave_the_design_alone,
    cluster_kubelet_leaves_the_design_alone,
    node_kubelets_leave_the_design_alone,
)
