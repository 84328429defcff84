"""The part of the answers that is about the cluster: kubelet, API, etcd, Cilium."""

from __future__ import annotations

import json
from typing import Any

import yaml

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.kubelet import kubelet_configuration as planned_kubelet

ADDRESSES = {"cp1": "100.64.0.1", "w1": "100.64.0.2"}
REFUSED = {"code": 1, "out": "", "err": "error: stat /etc/kubernetes/admin.conf: no such file or directory"}


def kubelet_configuration(node: NodePlan) -> str:
    """/var/lib/kubelet/config.yaml as kubeadm writes it."""
    own = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 110}
    kubeadms = {"clusterDNS": ["10.96.0.10"], "resolvConf": "/run/systemd/resolve/resolv.conf"}
    return yaml.safe_dump(own | kubeadms | planned_kubelet() | dict(node.kubelet))


def answers(made: Plan, node: NodePlan) -> dict[str, Any]:
    """What the node says of the cluster."""
    common = {**_kubelet(node), **_cilium_agent(), "paths": _paths(node)}
    return {**common, **(_control_plane(made) if node.is_control_plane else _worker())}


def _kubelet(node: NodePlan) -> dict[str, Any]:
    address = ADDRESSES[node.name]
    own_node = {
        "metadata": {"name": node.name, "labels": {"kubernetes.io/hostname": node.name, **node.labels}},
        "spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": node.name}],
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": "True", "message": "kubelet is posting ready status"},
            ],
        },
    }
    return {
        "kubelet": f"/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --node-ip={address}\n",
        "kube_proxy": {"code": 1, "out": "", "err": ""},
        "own_node": json.dumps(own_node),
        "kubelet_certificate": "notAfter=Nov 10 12:00:00 2027 GMT\n",
        "kubelet_anonymous": "401",
        "pod_routes": "default via 10.244.0.63 dev eth0 mtu 1230\n",
        "own_kubelet": "401\n",
    }


def _cilium_agent() -> dict[str, Any]:
    devices = [{"name": "enp0s6", "ip": ["10.0.0.11"]}, {"name": "tailscale0", "ip": ["100.64.0.1"]}]
    told = {
        "cilium": {"state": "Ok", "msg": "1.20.2"},
        "kube-proxy-replacement": {"mode": "True", "deviceList": devices, "devices": ["enp0s6", "tailscale0"]},
        "masquerading": {"enabled": True, "mode": "BPF"},
        "routing": {"inter-host-routing-mode": "Tunnel", "intra-host-routing-mode": "BPF", "tunnel-protocol": "vxlan"},
    }
    return {"cilium_agent": json.dumps(told)}


def _pod(there: str) -> dict[str, Any]:
    """What a pod finds, of another one too, as the program in it prints it."""
    return {
        "service": {"seen": sorted(ADDRESSES), "errors": []},
        "metadata": "timed out",
        "resolver": "",
        "kubelet": "",
        "exact": {there: ""},
        "larger": {there: "Message too long"},
        "names": {
            "kubernetes.default.svc.cluster.local": {"addresses": ["10.96.0.1"]},
            "pkgs.k8s.io": {"addresses": ["203.0.113.80"]},
        },
        "transfer": {there: {"seconds": 0.5}},
    }


def _whole() -> str:
    nodes = [{"name": name, "ready": True, "addresses": [address]} for name, address in ADDRESSES.items()]
    pods, reached = {"cp1": _pod("w1"), "w1": _pod("cp1")}, dict.fromkeys(ADDRESSES, "")
    return json.dumps({"nodes": nodes, "proxies": [], "lacking": {}, "pods": pods, "node_port": reached, "left": ""})


def _paths(node: NodePlan) -> str:
    other = "w1" if node.name == "cp1" else "cp1"
    return f"{other} pong from {other} ({ADDRESSES[other]}) via 198.51.100.7:41641 in 2ms\n"


def _worker() -> dict[str, Any]:
    asked = "api_ready api_version api_anonymous etcd certificates ca_hash cluster_configuration tokens cilium_release"
    return dict.fromkeys([*asked.split(), "cilium_told", "policies", "cluster"], REFUSED)


def _control_plane(made: Plan) -> dict[str, Any]:
    values = made.cilium_values
    told = {
        "kube-proxy-replacement": "true",
        "routing-mode": "tunnel",
        "tunnel-protocol": "vxlan",
        "mtu": "1280",
        "enable-bpf-masquerade": "true",
        "ipam": "kubernetes",
        "enable-ipv6": "false",
        "enable-l7-proxy": "true",
        "enable-hubble": "false",
        "nodeport-addresses": "100.64.0.0/10",
    }
    configuration = {
        "networking": {"podSubnet": "10.244.0.0/16", "serviceSubnet": "10.96.0.0/16", "dnsDomain": "cluster.local"},
        "controlPlaneEndpoint": "k8s-api.internal:6443",
        "proxy": {"disabled": True},
    }
    metadata = {"toCIDR": ["169.254.169.254/32"], "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}
    policy = {"spec": {"endpointSelector": {}, "egressDeny": [metadata, {"toCIDR": ["169.254.0.2/32"]}]}}
    return {
        "cluster": _whole(),
        "api_ready": "[+]ping ok\n[+]etcd ok\nreadyz check passed\n",
        "api_version": json.dumps({"major": "1", "gitVersion": f"v{made.versions.kubernetes}"}),
        "api_anonymous": "403",
        "etcd": '{"health":"true","reason":""}',
        "certificates": "/etc/kubernetes/pki/apiserver.crt notAfter=Nov 10 12:00:00 2027 GMT\n"
        "/etc/kubernetes/admin.conf notAfter=Nov  9 12:00:00 2027 GMT\n",
        "ca_hash": made.ca_cert_hash.removeprefix("sha256:") + "\n",
        "cluster_configuration": json.dumps({"data": {"ClusterConfiguration": yaml.safe_dump(configuration)}}),
        "tokens": "bootstrap-token-abcdef 2026-11-30T00:00:00Z\n",
        "cilium_release": json.dumps({"version": made.versions.cilium, "status": "deployed", "values": dict(values)}),
        "cilium_told": json.dumps({"data": told}),
        "policies": json.dumps({"items": [policy]}),
    }
