"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from typing import Any

from tests.unit.hosts.faults import data, fault, out, says


def agent(part: str, **settings: Any) -> Any:
    """Another word of Cilium's agent."""
    return data("cilium_agent", lambda told: told[part].update(settings))


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
