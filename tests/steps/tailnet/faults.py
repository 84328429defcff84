"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from typing import Any

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, data, fault, mode, out, put
from tests.unit.hosts.green import ADDRESSES, PRIVATE


def own(**settings: Any) -> Any:
    """Another word of tailscaled on this machine."""
    return data("tailnet", lambda told: told["Self"].update(settings))


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    peers = {f"nodekey:{name}": machine_named(name) for name in ADDRESSES if name != node.name}
    itself = machine_named(node.name) | {"CurAddr": ""}
    told = {"Version": "1.102.5", "BackendState": "Running", "Health": [], "Self": itself, "Peer": peers}
    prefs = {"ControlURL": "https://headscale.example.net", "CorpDNS": False, "RouteAll": False, "Hostname": node.name}
    return {
        "texts": {
            "/etc/resolv.conf": "nameserver 127.0.0.53\n",
            "/var/lib/meshstrap/tailnet_address": f"{ADDRESSES[node.name]}\n",
        },
        "modes": {"/var/lib/tailscale/tailscaled.state": PRIVATE},
        "commands": {
            "tailnet": json.dumps(told),
            "tailnet_settings": json.dumps(prefs),
            "tailscaled": "/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --port=41641\n",
        },
    }


def machine_named(name: str) -> dict[str, Any]:
    return {
        "HostName": name,
        "DNSName": f"{name}.tail1234.ts.net.",
        "TailscaleIPs": [ADDRESSES[name], "fd7a:115c:a1e0::1"],
        "Tags": ["tag:k8s-node"],
        "CurAddr": "203.0.113.9:41641",
        "Online": True,
    }


FAULTS = (
    fault(
        "tailnet",
        "the node is logged in",
        data("tailnet", lambda told: told.update(BackendState="NeedsLogin")),
        "NeedsLogin",
    ),
    fault("tailnet", "the node is connected to the coordination server", own(Online=False), "not connected"),
    fault(
        "tailnet",
        "the coordination server is the planned one",
        out("tailnet_settings", "https://headscale.example.net", "https://controlplane.tailscale.com"),
        "controlplane",
    ),
    fault("tailnet", "the node has its own name in the tailnet", own(DNSName="cp1-1.tail1234.ts.net."), "cp1-1"),
    fault("tailnet", "the node carries the planned tags", own(Tags=["tag:other"]), "tag:other"),
    fault("tailnet", "the node carries the planned tags", own(Tags=None), "nothing"),
    fault(
        "tailnet",
        "the address is that of the first login",
        put("/var/lib/meshstrap/tailnet_address", "100.64.0.7\n"),
        "100.64.0.1 now, 100.64.0.7 at first",
    ),
    fault("tailnet", "the tailnets mtu is the planned one", out("addresses", '"mtu": 1280', '"mtu": 1420'), "1420"),
    fault(
        "tailnet",
        "the tailnet leaves name resolution alone",
        out("tailnet_settings", '"CorpDNS": false', '"CorpDNS": true'),
        "accept-dns is on",
    ),
    fault(
        "tailnet",
        "the tailnet leaves name resolution alone",
        put("/etc/resolv.conf", "nameserver 100.100.100.100\n"),
        "100.100.100.100 in /etc/resolv.conf",
    ),
    fault(
        "tailnet",
        "the tailnet brings no routes that are not planned",
        out("tailnet_settings", '"RouteAll": false', '"RouteAll": true'),
        "on",
    ),
    fault(
        "tailnet",
        "the node is not ephemeral",
        out("tailscaled", "/var/lib/tailscale/tailscaled.state", "mem:"),
        "in memory",
    ),
    fault(
        "tailnet",
        "the node is not ephemeral",
        mode("/var/lib/tailscale/tailscaled.state", bytes=0),
        "empty or not there",
    ),
)
