"""What a person would naturally try and meshstrap does not render: the decision against it is the error.

Every entry leads to an alternative ``topic/id`` of :mod:`meshstrap.decisions`, whose cost is said with the person's own
number of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshstrap.decisions import alternative, node_counts
from meshstrap.inventory.tree import Path, Places, Sequence


class NotRendered(ValueError):
    """A value that asks for an alternative; raised by parsers, which do not know where they read."""

    def __init__(self, value: str, reference: str) -> None:
        super().__init__(f"'{value}' is refused")
        self.reference = reference


def explain_refusal(reference: str, places: Places) -> str:
    """The alternative's name, what it would cost here, and the command that says all."""
    refused, counts = alternative(reference), node_counts(_number_of_nodes(places))
    topic = reference.partition("/")[0]
    return f"{refused.name.en} (not rendered): {refused.cost.say('en', counts)}. `invoke explain {topic}` says more"


def refused_key(path: Path) -> str:
    """The alternative that an unknown key asks for, or nothing."""
    section = ".".join(str(part) for part in path[:-1] if not isinstance(part, int))
    return KEYS.get(section, {}).get(str(path[-1]).lower().replace("-", "_"), "")


def refused_value(dotted: str, value: Any) -> str:
    """The alternative that a Helm value asks for, or nothing: what meshstrap itself sets asks for none."""
    ours, reference = CILIUM_VALUES.get(dotted, (value, ""))
    return "" if value in (ours, str(ours).lower()) else reference


def _number_of_nodes(places: Places) -> int:
    nodes = places.find(("nodes",))
    return max(1, len(nodes.items) if isinstance(nodes, Sequence) else 0)


_KUBE_PROXY = "kube-proxy-replacement/kube-proxy"
_HAND_MADE = "routing/hand-made-routes"
_DAEMONSET = "tailscale-on-the-host/daemonset"
_KEY = "secrets/reusable-key"

ROUTINGS: Mapping[str, str] = {
    **dict.fromkeys(("native", "manual", "static", "host-gw"), _HAND_MADE),
    "direct": "routing/direct-node-routes",
    "bgp": "routing/cloud-routes",
    "geneve": "vxlan/geneve",
}
"""A value of ``cilium.routing`` → the alternative that it asks for."""

CILIUM_VALUES: Mapping[str, tuple[object, str]] = {
    "kubeProxyReplacement": (True, _KUBE_PROXY),
    "routingMode": ("tunnel", _HAND_MADE),
    "ipv4NativeRoutingCIDR": ("", _HAND_MADE),
    "autoDirectNodeRoutes": (False, "routing/direct-node-routes"),
    "tunnelProtocol": ("vxlan", "vxlan/geneve"),
    "MTU": (1280, "mtu/other-mtu"),
    "encryption.enabled": (False, "encryption/cilium-encryption"),
}
"""Path in ``cilium.values`` → meshstrap's own value, and the alternative that any other asks for."""

KEYS: Mapping[str, Mapping[str, str]] = {
    "": {
        "kube_proxy": _KUBE_PROXY,
        **dict.fromkeys(("secrets", "auth_keys"), _KEY),
    },
    "cluster": {
        **dict.fromkeys(("kube_proxy", "kubeproxy", "proxy", "proxy_mode"), _KUBE_PROXY),
        **dict.fromkeys(("ha", "high_availability", "control_planes"), "one-control-plane/several"),
        **dict.fromkeys(("firewall", "firewalld", "disable_firewall"), "firewall/off"),
        **dict.fromkeys(("cni", "network_plugin"), "iptables-or-ebpf/other-plugin"),
        "encryption": "encryption/cilium-encryption",
        "mtu": "mtu/other-mtu",
        "node_ip": "node-addresses/private-addresses",
    },
    "tailnet": {
        **dict.fromkeys(
            ("mode", "daemonset", "run_as", "runs_on", "in_cluster", "deployment", "kubernetes"), _DAEMONSET
        ),
        "operator": "tailscale-on-the-host/operator",
        **dict.fromkeys(("advertise_routes", "accept_routes", "routes", "subnet_routes"), "routing/own-routes"),
        **dict.fromkeys(("accept_dns", "magic_dns", "magicdns", "dns"), "accept-dns/magic-dns"),
        **dict.fromkeys(("auth_key", "authkey", "auth_keys", "authkeys", "key"), _KEY),
        "ephemeral": "secrets/ephemeral",
        "netfilter_mode": "mesh-guards/netfilter-off",
        "mtu": "mtu/larger-tailnet",
    },
    "cilium": {
        **dict.fromkeys(("kube_proxy", "kubeproxy", "kube_proxy_replacement", "kubeproxyreplacement"), _KUBE_PROXY),
        **dict.fromkeys(("routing_mode", "routingmode", "native_routing", "native", "routes"), _HAND_MADE),
        **dict.fromkeys(("auto_direct_node_routes", "autodirectnoderoutes"), "routing/direct-node-routes"),
        "encryption": "encryption/cilium-encryption",
        "devices": "devices/list",
        "mtu": "mtu/other-mtu",
    },
    "nodes": {
        **dict.fromkeys(("auth_key", "authkey"), _KEY),
        **dict.fromkeys(("routes", "pod_routes"), _HAND_MADE),
        **dict.fromkeys(("node_ip", "private_ip", "public_ip"), "node-addresses/private-addresses"),
    },
}
"""Section → a key that nothing has, but that one could expect there → the alternative that it asks for."""
