"""The kubelet and the control plane."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.hosts import names
from meshstrap.plan.model import Fact, NodePlan, Plan

_KUBELET_AUTHN = "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/"
_CERTS = "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/"
_PORTS = "https://kubernetes.io/docs/reference/networking/ports-and-protocols/"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topics kubelet and control_plane."""
    yield from _kubelet_service()
    yield from _kubelet_configuration(plan)
    yield from _registration(plan, node)
    yield from _api(plan)
    yield from _reach()
    yield from _cluster(plan)
    yield Fact(
        name="login_kubeconfig",
        value=f"{node.login_user} has a kubeconfig that nobody else can read",
        why="it is the cluster's administrator, and without it kubectl is root's alone",
        source="https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/",
    )


def _kubelet_service() -> Iterator[Fact]:
    yield Fact(
        name="kubelet_runs",
        value="active, and enabled for every boot",
        why="without it nothing runs on this node",
        source="kubelet.service",
    )
    yield Fact(
        name="kubelet_order",
        value="after tailscale-online.target, which it wants",
        why="started earlier it finds no tailnet address on an interface, and reports a wrong one or none",
        source="kubernetes pkg/kubelet/nodestatus/setters.go; tailscale cmd/tailscaled/tailscale-online.target",
    )
    yield Fact(
        name="kubelet_current",
        value="started after the last change of its configuration",
        why="the kubelet reads it at its start only: what is written is not yet what runs",
        source="https://kubernetes.io/docs/tasks/administer-cluster/kubelet-config-file/",
    )
    yield Fact(
        name="kubelet_certificate",
        value=f"good for {names.KUBELET_CERTIFICATE_DAYS} days or more",
        why="with an expired one this node leaves the cluster, and only a new join brings it back",
        source="https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/",
    )
    yield Fact(
        name="kubelet_anonymous",
        value="port 10250 asks for credentials",
        why="whoever may ask it may run commands in every pod of this node",
        source=_KUBELET_AUTHN,
    )


def _kubelet_configuration(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="kubelet_configuration",
        value=", ".join(f"{name}: {value}" for name, value in plan.kubelet.items()),
        why="each field is the plan's, or yours over it",
        source="cluster.yaml cluster.kubelet, nodes[].kubelet",
    )
    yield Fact(
        name="kubelet_resolver",
        value="a resolv.conf that names neither 127.0.0.53 nor 100.100.100.100",
        why="CoreDNS asks what stands there: the first is itself and loops, the second depends on the tailnet",
        source="https://coredns.io/plugins/loop/#troubleshooting-loops-in-kubernetes-clusters",
    )


def _registration(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="node_ip",
        value="--node-ip is the address of tailscale0",
        why="every account has the same private subnet: any other address of this machine leads nowhere, or elsewhere",
        source="kubelet --node-ip",
    )
    yield Fact(
        name="internal_ip",
        value="the API knows this node by its tailnet address alone",
        why="the API server, the other kubelets and Cilium's tunnels use the address that stands there",
        source="kubernetes NodeInternalIP",
    )
    yield Fact(
        name="ready",
        value="Ready",
        why="pods are only put on nodes that are",
        source="https://kubernetes.io/docs/reference/node/node-status/#condition",
    )
    labels = ", ".join(f"{name}={value}" for name, value in node.labels.items()) or "none"
    taints = "kubeadm's own" if node.taints is None else ", ".join(node.taints) or "none"
    yield Fact(
        name="labels_and_taints",
        value=f"labels {labels}; taints {taints}",
        why="they decide which pods may come to this node",
        source="cluster.yaml nodes[].labels, nodes[].taints",
    )
    yield Fact(
        name="api_alias",
        value=f"{plan.api_endpoint} is the tailnet address of {plan.control_plane}",
        why="no DNS server knows that name: /etc/hosts is how kubelet and Cilium find the API server",
        source="kubeadm controlPlaneEndpoint",
    )


def _api(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="api_ready",
        value="every check of /readyz passes",
        why="the whole cluster is steered through it",
        source=_PORTS,
    )
    yield Fact(
        name="api_version",
        value=f"v{plan.versions.kubernetes}",
        why="kubelets may be older than their API server, but never newer",
        source="https://kubernetes.io/releases/version-skew-policy/",
    )
    yield Fact(
        name="etcd",
        value="healthy",
        why="everything that the cluster knows is kept there",
        source="https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check",
    )
    yield Fact(
        name="certificates",
        value=f"good for {names.CERTIFICATE_DAYS} days or more",
        why="kubeadm makes them for a year; with the first expired one the control plane falls silent",
        source=_CERTS,
    )


def _reach() -> Iterator[Fact]:
    yield Fact(
        name="anonymous",
        value="refused: 401 or 403",
        why="anonymous callers may ask for health and for the cluster's public CA, and for nothing else",
        source="https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
    )
    inner = ", ".join(f"{port} ({what})" for port, what in names.INNER_PORTS.items())
    silent = ", ".join(f"{port} ({what})" for port, what in names.SILENT_PORTS.items())
    yield Fact(
        name="listeners",
        value=f"on loopback or the tailnet only: {inner}; nowhere: {silent}",
        why="the machine has a public address, and what listens there is one rule of a security list away from all",
        source=_PORTS,
    )
    yield Fact(
        name="closed_ports",
        value=f"no rule opens TCP {', '.join(map(str, names.GUARDED_PORTS))} beyond tailnet and pods",
        why="whoever needs them comes through the tailnet, so the host's own firewall keeps them from everyone else",
        source="meshstrap/plan/hosts/names.py",
    )


def _cluster(plan: Plan) -> Iterator[Fact]:
    network = plan.network
    yield Fact(
        name="cluster_configuration",
        value=f"pods {network.pod_subnet}, services {network.service_subnet}, "
        f"endpoint {plan.api_endpoint}:{plan.api_port}, no kube-proxy",
        why="kubeadm reads it again at every upgrade, and the subnets cannot be changed while the cluster lives",
        source="kubeadm ConfigMap kubeadm-config",
    )
    yield Fact(
        name="token_expiry",
        value="every bootstrap token expires",
        why="with one that does not, whoever finds it in old user-data can join the cluster for ever",
        source="https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/",
    )
