"""kubeadm's configuration, ``kubeadm.k8s.io/v1beta4``, as data.

Fields: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshstrap.plan.model import Component, NodePlan, Plan

TAILNET_ADDRESS = "__TAILNET_ADDRESS__"
"""Stands for the node's own tailnet address, which is known on the node only."""

BOOTSTRAP_TOKEN = "__BOOTSTRAP_TOKEN__"  # noqa: S105 - the place of a token, filled on the node from its secret file
"""Stands for the worker's bootstrap token."""

PATCHES_FOLDER = "/etc/meshstrap/patches"
"""Where kubeadm finds the patch for one node's kubelet."""

_API = "kubeadm.k8s.io/v1beta4"
_CONTAINERD = "unix:///run/containerd/containerd.sock"

# Slow disks and a first pull of every image: kubeadm's own limits (4, 1, 5 and 5 minutes) are for faster machines.
_INIT_TIMEOUTS = {"controlPlaneComponentHealthCheck": "8m0s", "kubeletHealthCheck": "8m0s", "kubernetesAPICall": "2m0s"}
_JOIN_TIMEOUTS = {
    "discovery": "10m0s",
    "kubeletHealthCheck": "8m0s",
    "kubernetesAPICall": "2m0s",
    "tlsBootstrap": "10m0s",
}


def control_plane_configuration(plan: Plan, node: NodePlan) -> tuple[dict[str, Any], ...]:
    """What ``kubeadm init`` reads: Init, Cluster and the kubelet's configuration that it hands to every node."""
    return _init(plan, node), _cluster(plan), _kubelet(plan)


def _init(plan: Plan, node: NodePlan) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "InitConfiguration",
        # Without this entry kubeadm makes a token that lives for a day. Workers get tokens of their own instead.
        "bootstrapTokens": [{"ttl": "1m0s"}],
        "localAPIEndpoint": {"advertiseAddress": TAILNET_ADDRESS, "bindPort": plan.api_port},
        "nodeRegistration": _registration(plan, node),
        **_patches(node),
        # What it would print is the command with that token.
        "skipPhases": ["show-join-command"],
        "timeouts": _INIT_TIMEOUTS,
    }


def _cluster(plan: Plan) -> dict[str, Any]:
    network = plan.network
    return {
        "apiVersion": _API,
        "kind": "ClusterConfiguration",
        "clusterName": plan.name,
        "kubernetesVersion": f"v{plan.versions.kubernetes}",
        "controlPlaneEndpoint": f"{plan.api_endpoint}:{plan.api_port}",
        # RSA keys took a first init 4 s on two CPUs that three nodes shared, these none that was seen (November 2026).
        "encryptionAlgorithm": "ECDSA-P256",
        "networking": {
            "podSubnet": str(network.pod_subnet),
            "serviceSubnet": str(network.service_subnet),
        },
        # Its certificate has the endpoint, the node's name and the advertised address by itself (pki_helpers.go,
        # GetAPIServerAltNames; https://kubernetes.io/docs/setup/best-practices/certificates/).
        "apiServer": _component(plan.api_server),
        "controllerManager": _component(plan.controller_manager),
        "scheduler": _component(plan.scheduler),
        # Cilium does its work. The setting is kept in the cluster, so an upgrade does not bring kube-proxy back.
        "proxy": {"disabled": True},
    }


def _component(component: Component) -> dict[str, Any]:
    volumes = [
        {
            "name": volume.name,
            "hostPath": volume.host_path,
            "mountPath": volume.mount_path,
            **({"readOnly": True} if volume.read_only else {}),
            **({"pathType": volume.path_type} if volume.path_type else {}),
        }
        for volume in component.volumes
    ]
    arguments = [{"name": name, "value": value} for name, value in component.arguments.items()]
    return {"extraArgs": arguments, **({"extraVolumes": volumes} if volumes else {})}


def _kubelet(plan: Plan) -> dict[str, Any]:
    return {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **plan.kubelet}


def worker_configuration(plan: Plan, node: NodePlan) -> dict[str, Any]:
    """What ``kubeadm join`` reads."""
    # Before the cluster lives its CA is not known: the worker then believes whoever answers at the address that
    # WireGuard authenticates as the control plane's, and whoever knows the token.
    trust = {"caCertHashes": [plan.ca_cert_hash]} if plan.ca_cert_hash else {"unsafeSkipCAVerification": True}
    return {
        "apiVersion": _API,
        "kind": "JoinConfiguration",
        "discovery": {
            "bootstrapToken": {
                "apiServerEndpoint": f"{plan.api_endpoint}:{plan.api_port}",
                "token": BOOTSTRAP_TOKEN,
                **trust,
            }
        },
        "nodeRegistration": _registration(plan, node),
        **_patches(node),
        "timeouts": _JOIN_TIMEOUTS,
    }


def _registration(plan: Plan, node: NodePlan) -> dict[str, Any]:
    arguments = [{"name": "node-ip", "value": TAILNET_ADDRESS}]
    if node.labels:
        labels = ",".join(f"{key}={value}" for key, value in node.labels.items())
        arguments.append({"name": "node-labels", "value": labels})
    registration: dict[str, Any] = {
        "name": node.name,
        "criSocket": _CONTAINERD,
        "kubeletExtraArgs": arguments,
    }
    # Absent, kubeadm taints control planes; an empty list leaves the node open to every pod.
    if node.taints is not None:
        registration["taints"] = [_taint(text) for text in node.taints]
    if plan.waived_preflight:
        registration["ignorePreflightErrors"] = list(plan.waived_preflight)
    return registration


def _taint(text: str) -> dict[str, str]:
    """``key=value:Effect`` or ``key:Effect``."""
    rest, _, effect = text.rpartition(":")
    key, equals, value = rest.partition("=")
    return {"key": key, **({"value": value} if equals else {}), "effect": effect}


def _patches(node: NodePlan) -> dict[str, Any]:
    return {"patches": {"directory": PATCHES_FOLDER}} if node.kubelet else {}


def kubelet_patch(fields: Mapping[str, Any]) -> dict[str, Any]:
    """One node's own kubelet fields, as a patch of what the cluster hands out."""
    return {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **fields}
