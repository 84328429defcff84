"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from typing import Any

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, data, fault, out, put, touch, unit
from tests.unit.hosts.green import NOW


def peers(**settings: Any) -> Any:
    """Another word of tailscaled on every other machine."""
    return data("tailnet", lambda told: [peer.update(settings) for peer in told["Peer"].values()])


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    sockets = (
        "udp UNCONN 0 0 0.0.0.0:8472 0.0.0.0:*\nudp UNCONN 0 0 0.0.0.0:41641 0.0.0.0:*\n"
        "tcp LISTEN 0 4096 127.0.0.1:10257 0.0.0.0:*\ntcp LISTEN 0 4096 [::1]:2381 [::]:*\n"
        "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\ntcp LISTEN 0 4096 *:10250 *:*\n"
    )
    if node.is_control_plane:
        sockets += "tcp LISTEN 0 4096 *:6443 *:*\n"
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
            "sockets": sockets,
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
        "only the mesh reaches its ports",
        out("nft", '"drop"', '"accept"'),
        "tcp 6443 from enp0s6 (IPv6): accepted",
    ),
    fault(
        "mesh_guards",
        "only the mesh reaches its ports",
        out("nft", '"table": "meshstrap"', '"table": "another"'),
        "tcp 10250 from enp0s6 (IPv6): accepted",
    ),
    fault(
        "mesh_guards",
        "the rules of tailscale are in force",
        out("iptables", "-A FORWARD -j ts-forward\n", ""),
        "nothing leads to ts-forward",
    ),
    fault(
        "mesh_guards",
        "the rules of cilium are in force",
        out("iptables", "-j CILIUM_FORWARD\n", "-j OLD_CILIUM_FORWARD\n"),
        "nothing leads to CILIUM_FORWARD",
        WORKER,
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
