"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from typing import Any

from tests.unit.hosts.faults import data, fault, put, touch, unit
from tests.unit.hosts.green import NOW


def peers(**settings: Any) -> Any:
    """Another word of tailscaled on every other machine."""
    return data("tailnet", lambda told: [peer.update(settings) for peer in told["Peer"].values()])


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
