"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from typing import Any

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, data, fault, put, touch, unit
from tests.unit.hosts.green import NOW


def peers(**settings: Any) -> Any:
    """Another word of tailscaled on every other machine."""
    return data("tailnet", lambda told: [peer.update(settings) for peer in told["Peer"].values()])


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    rules = [
        {"priority": 0, "src": "all", "table": "local"},
        {"priority": 5207, "src": "all", "dst": "100.64.0.0", "dstlen": 10, "table": "52", "protocol": "kernel"},
        {"priority": 5210, "src": "all", "fwmark": "0x80000", "fwmask": "0xff0000", "table": "main"},
        {"priority": 5270, "src": "all", "table": "52"},
    ]
    drop_in = "/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf"
    return {
        "texts": {
            drop_in: "[Service]\nIPAddressDeny=10.244.0.0/16\n",
            "/proc/sys/net/ipv4/conf/all/src_valid_mark": "0\n",
        },
        "commands": {
            "rules": json.dumps(rules),
            "marked_route": json.dumps([{"dst": "100.64.0.9", "dev": "tailscale0", "table": "52"}]),
        },
    }


FAULTS = (
    fault(
        "mesh_guards",
        "the mesh rule comes before tailscales own",
        data("rules", lambda told: told.pop(1)),
        "no rule to 100.64.0.0/10",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes before tailscales own",
        data("rules", lambda told: told[1].update(priority=5300)),
        "it is 5300, behind Tailscale's 5210",
    ),
    fault(
        "mesh_guards",
        "the mesh rule survives systemd networkd",
        data("rules", lambda told: told[1].update(protocol="boot")),
        "protocol boot",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes back at every boot",
        unit("meshstrap-mesh-rule", "UnitFileState", "disabled"),
        "disabled, active",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes back at every boot",
        unit("meshstrap-mesh-rule", "UnitFileState", ""),
        "not there, active",
    ),
    fault(
        "mesh_guards",
        "marked packets stay in the tailnet",
        data("marked_route", lambda told: told[0].update(dev="enp0s6")),
        "a packet to 100.64.0.9 leaves by enp0s6",
    ),
    fault(
        "mesh_guards",
        "tailscaled never talks to pod addresses",
        unit("tailscaled", "IPAddressDeny", ""),
        "tailscaled is denied nothing",
    ),
    fault(
        "mesh_guards",
        "tailscaled never talks to pod addresses",
        touch("/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf", NOW),
        "was changed after tailscaled was started",
    ),
    fault(
        "mesh_guards", "no peer is reached by a pod address", peers(CurAddr="10.244.3.70:41641"), "w1 by 10.244.3.70"
    ),
    fault(
        "mesh_guards",
        "source validation leaves the proxy alone",
        put("/proc/sys/net/ipv4/conf/all/src_valid_mark", "1\n"),
        "1",
    ),
)
