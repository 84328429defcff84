"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from typing import Any

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, data, fault, out, says
from tests.unit.hosts.green import NO_API


def agent(part: str, **settings: Any) -> Any:
    """Another word of Cilium's agent."""
    return data("cilium_agent", lambda told: told[part].update(settings))


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    routes = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "enp0s6", "metric": 100},
        {"dst": "10.244.1.0/24", "gateway": "10.244.0.63", "dev": "cilium_host", "metrics": [{"mtu": 1230}]},
        {"dst": "100.64.0.9", "dev": "tailscale0", "table": "52"},
    ]
    release = {"version": plan.versions.cilium, "status": "deployed", "values": dict(plan.cilium_values)}
    of_the_api: dict[str, Any] = {"cilium_release": json.dumps(release), "cilium_told": json.dumps({"data": _TOLD})}
    if not node.is_control_plane:
        of_the_api = dict.fromkeys(of_the_api, NO_API)
    return {
        "commands": {
            "routes": json.dumps(routes),
            "kube_proxy": {"code": 1, "out": "", "err": ""},
            "cilium_agent": json.dumps(_AGENT),
            "pod_routes": "default via 10.244.0.63 dev eth0 mtu 1230\n",
            "own_kubelet": "401\n",
            **of_the_api,
        }
    }


_TOLD = {
    "kube-proxy-replacement": "true",
    "routing-mode": "tunnel",
    "tunnel-protocol": "vxlan",
    "mtu": "1280",
    "enable-bpf-masquerade": "true",
    "ipam": "kubernetes",
    "enable-ipv4": "true",
    "enable-ipv6": "false",
    "enable-l7-proxy": "true",
    "enable-hubble": "false",
    "nodeport-addresses": "100.64.0.0/10",
}
_DEVICES = [{"name": "enp0s6", "ip": ["10.0.0.11"]}, {"name": "tailscale0", "ip": ["100.64.0.1"]}]
_AGENT = {
    "cilium": {"state": "Ok", "msg": "1.20.2"},
    "kube-proxy-replacement": {"mode": "True", "deviceList": _DEVICES, "devices": ["enp0s6", "tailscale0"]},
    "masquerading": {"enabled": True, "mode": "BPF"},
    "routing": {"inter-host-routing-mode": "Tunnel", "intra-host-routing-mode": "BPF", "tunnel-protocol": "vxlan"},
}


FAULTS = (
    fault(
        "cilium", "the release has the planned version", out("cilium_release", "1.20.2", "1.19.0"), "1.19.0, deployed"
    ),
    fault(
        "cilium",
        "the release is not newer than the plan",
        out("cilium_release", "1.20.2", "1.20.10"),
        "cilium 1.20.10: newer than the plan",
    ),
    fault(
        "cilium",
        "the release has the planned version",
        out("cilium_release", "deployed", "pending-upgrade"),
        "pending-upgrade",
    ),
    fault(
        "cilium",
        "the release has the planned values",
        data("cilium_release", lambda told: told["values"].update(MTU=9000, debug={"enabled": True})),
        "MTU: 9000; debug.enabled: true",
    ),
    fault(
        "cilium",
        "the agents are told the planned values",
        out("cilium_told", '"mtu": "1280"', '"mtu": "0"'),
        "mtu is 0, not 1280",
    ),
    fault("cilium", "the agent is well", agent("cilium", state="Warning", msg="stale"), "Warning: stale"),
    fault("cilium", "cilium replaces kube proxy", agent("kube-proxy-replacement", mode="False"), "False"),
    fault("cilium", "there is no kube proxy", says("kube_proxy", "4711\n"), "a process kube-proxy runs"),
    fault(
        "cilium", "there is no kube proxy", out("iptables", "*nat\n", "*nat\n:KUBE-SERVICES - [0:0]\n"), "KUBE-SERVICES"
    ),
    fault("cilium", "masquerading is as planned", agent("masquerading", mode="iptables"), "iptables"),
    fault(
        "cilium",
        "pods travel between nodes as planned",
        agent("routing", **{"inter-host-routing-mode": "Native"}),
        "Native",
    ),
    fault(
        "cilium",
        "cilium uses the network card and the tailnet",
        agent("kube-proxy-replacement", deviceList=[{"name": "tailscale0"}]),
        "tailscale0; not enp0s6",
    ),
    fault(
        "cilium",
        "pods have the planned mtu",
        says("pod_routes", "default via 10.244.0.63 dev eth0 mtu 8950\n"),
        "1230; 8950",
    ),
    fault("cilium", "a pod reaches its own kubelet", says("own_kubelet", "000\n000\n"), "no connection from any pod"),
)
