"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from typing import Any

from tests.unit.hosts.faults import data, fault, mode, out, put


def own(**settings: Any) -> Any:
    """Another word of tailscaled on this machine."""
    return data("tailnet", lambda told: told["Self"].update(settings))


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
    fault("tailnet", "the node key does not expire", own(KeyExpiry="2026-11-30T00:00:00Z"), "expires in 6.1 days"),
    fault("tailnet", "the node key does not expire", own(Expired=True), "expired"),
)
