"""What may be told to the parts of the control plane, and what the cluster depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshstrap.errors import Problem
from meshstrap.inventory.components import Component
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.tree import Path, Places

_CERTIFICATES = "kubeadm makes it, and the control plane renews it where kubeadm put it"
_ETCD = "etcd runs beside the API server, as kubeadm sets it up"
_NAMES = "the API server knows who asks by what kubeadm has made"
_OWN_RIGHTS = "kubeadm gives it credentials of its own"
_PROBED = "kubeadm's manifest has the kubelet ask there whether it lives"

API_SERVER = {
    "advertise-address": "it is the control plane's address in the tailnet",
    "allow-privileged": "Cilium's agent is privileged",
    "anonymous-auth": "a worker that joins, and the steps, ask before they have credentials",
    "authorization-mode": "Node and RBAC keep nodes and pods from everything that is not theirs",
    "bind-address": "nodes reach it in the tailnet, the machine itself on 127.0.0.1",
    "client-ca-file": _NAMES,
    "enable-bootstrap-token-auth": "workers join with a bootstrap token",
    "encryption-provider-config": "the control plane makes the key, and without it every Secret is lost",
    "etcd-cafile": _ETCD,
    "etcd-certfile": _ETCD,
    "etcd-keyfile": _ETCD,
    "etcd-prefix": _ETCD,
    "etcd-servers": _ETCD,
    "kubelet-client-certificate": _CERTIFICATES,
    "kubelet-client-key": _CERTIFICATES,
    "kubelet-preferred-address-types": "it asks kubelets at their tailnet address: no DNS server knows their names",
    "proxy-client-cert-file": _CERTIFICATES,
    "proxy-client-key-file": _CERTIFICATES,
    "requestheader-allowed-names": _NAMES,
    "requestheader-client-ca-file": _NAMES,
    "requestheader-extra-headers-prefix": _NAMES,
    "requestheader-group-headers": _NAMES,
    "requestheader-username-headers": _NAMES,
    "secure-port": "the API server listens on 6443",
    "service-account-key-file": _CERTIFICATES,
    "service-account-signing-key-file": _CERTIFICATES,
    "service-cluster-ip-range": "use cluster.service_subnet",
    "service-node-port-range": "Cilium serves 30000 to 32767",
    "tls-cert-file": _CERTIFICATES,
    "tls-private-key-file": _CERTIFICATES,
}
"""Argument of kube-apiserver → why it is not the person's."""

CONTROLLER_MANAGER = {
    "allocate-node-cidrs": "each node gets its share of cluster.pod_subnet",
    "authentication-kubeconfig": _OWN_RIGHTS,
    "authorization-kubeconfig": _OWN_RIGHTS,
    "bind-address": _PROBED,
    "client-ca-file": _NAMES,
    "cluster-cidr": "use cluster.pod_subnet",
    "cluster-signing-cert-file": _CERTIFICATES,
    "cluster-signing-key-file": _CERTIFICATES,
    "controllers": "kubeadm's list has those that bootstrap tokens need",
    "kubeconfig": _OWN_RIGHTS,
    "node-cidr-mask-size": "each node gets a /24 of cluster.pod_subnet",
    "node-cidr-mask-size-ipv4": "each node gets a /24 of cluster.pod_subnet",
    "node-cidr-mask-size-ipv6": "this version builds IPv4 clusters only",
    "requestheader-client-ca-file": _NAMES,
    "root-ca-file": _CERTIFICATES,
    "secure-port": _PROBED,
    "service-account-private-key-file": _CERTIFICATES,
    "service-cluster-ip-range": "use cluster.service_subnet",
    "use-service-account-credentials": "each controller has rights of its own, and no more",
}
"""Argument of kube-controller-manager → why it is not the person's."""

SCHEDULER = {
    "authentication-kubeconfig": _OWN_RIGHTS,
    "authorization-kubeconfig": _OWN_RIGHTS,
    "bind-address": _PROBED,
    "kubeconfig": _OWN_RIGHTS,
    "secure-port": _PROBED,
}
"""Argument of kube-scheduler → why it is not the person's."""

PROGRAMS = {
    "api_server": "kube-apiserver",
    "controller_manager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
}
"""Key below ``cluster`` → the program that it is about."""

_NODE_RESTRICTION = "NodeRestriction"
_PLUGINS = "enable-admission-plugins"


def components(inventory: Inventory) -> Iterator[tuple[str, Component, Mapping[str, str]]]:
    """Each part of the control plane: its key below ``cluster``, what a person adds, and what is not theirs."""
    cluster = inventory.cluster
    yield "api_server", cluster.api_server, API_SERVER
    yield "controller_manager", cluster.controller_manager, CONTROLLER_MANAGER
    yield "scheduler", cluster.scheduler, SCHEDULER


def arguments_leave_the_design_alone(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """No argument takes away what the cluster stands on."""
    for key, component, protected in components(inventory):
        start: Path = ("cluster", key, "arguments")
        for name in component.arguments.keys() & protected.keys():
            message = f"this cannot be set here: {protected[name]}; remove it"
            yield places.problem((*start, name), message, at_key=True)
        plugins = component.arguments.get(_PLUGINS)
        if plugins is not None and _NODE_RESTRICTION not in plugins.split(","):
            message = (
                f"it replaces kubeadm's, which keeps a node from what is another's; write {_NODE_RESTRICTION},{plugins}"
            )
            yield places.problem((*start, _PLUGINS), message)


RULES = (arguments_leave_the_design_alone,)
