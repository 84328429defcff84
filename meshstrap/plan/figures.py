"""The figures of the explanations: what each choice costs this cluster, one line a number, formulas beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

from meshstrap.decisions import Count, node_counts
from meshstrap.inventory.network import overlap
from meshstrap.plan import network as arithmetic
from meshstrap.plan.machines import APT, SYSTEMS
from meshstrap.plan.model import AccountPlan, NodePlan, Plan
from meshstrap.plan.names import openings

NAMES_SHOWN = 6
"""More names than these in one sentence hide what it says."""

_SERVICES = 100
"""A cluster of some size, for the rules that kube-proxy would write."""


def derive_figures(plan: Plan) -> Mapping[str, object]:
    """Everything that a text of :mod:`meshstrap.decisions` may ask for, by its name. Zero and emptiness do not hold."""
    return {
        **node_counts(len(plan.nodes)),
        **_names(plan),
        **_accounts(plan),
        **_systems(plan.nodes),
        **_bytes(plan),
        **vars(plan.versions),
        # cilium.routing, and each of its words.
        "routing": plan.routing,
        **{way: plan.routing == way for way in (arithmetic.VXLAN, arithmetic.TAILNET)},
        "iptables_rules": iptables_rules(len(plan.nodes)),
        "accepting_rules": sum(map(len, openings(plan.network).values())),
    }


def iptables_rules(nodes: int) -> int:
    """Rules of kube-proxy in iptables mode for 100 services with a pod on each node: 100 x (3 x nodes + 2).

    A service has one rule in KUBE-SERVICES and one that marks for masquerading; each of its pods has one that chooses
    it and a chain of two (https://kubernetes.io/docs/reference/networking/virtual-ips/).
    """
    return _SERVICES * (3 * nodes + 2)


def _names(plan: Plan) -> dict[str, object]:
    network, control_plane = plan.network, plan.node(plan.control_plane)
    return {
        "cluster": plan.name,
        "node_names": _listed(node.name for node in plan.nodes),
        "control_plane": plan.control_plane,
        "control_plane_account": control_plane.account,
        "workers": Count(len(plan.nodes) - 1),
        "api_endpoint": plan.api_endpoint,
        "ca_cert_hash": plan.ca_cert_hash,
        "headscale": plan.login_server,
        "tags": ", ".join(plan.tags),
        "regions": _listed(dict.fromkeys(node.region for node in plan.nodes if node.region)),
        "pod_subnet": network.pod_subnet,
        "tailnet_subnet": network.tailnet_subnet,
        "node_pod_prefix": network.node_pod_prefix,
        "dns_address": network.dns_address,
    }


def _accounts(plan: Plan) -> dict[str, object]:
    """Who lives where; a pair of nodes crosses when its two accounts differ."""
    accounts = [account for account in plan.accounts if account.nodes]
    pairs = list(combinations([node.account for node in plan.nodes], 2))
    crossing = sum(one != other for one, other in pairs)
    return {
        "accounts": Count(len(accounts)),
        "account_list": _listed(f"{account.name} ({_listed(account.nodes)})" for account in accounts),
        "pairs": Count(len(pairs)),
        "crossing_pairs": Count(crossing),
        "inner_pairs": Count(len(pairs) - crossing),
        "peerings": Count(len(accounts) * (len(accounts) - 1) // 2),
        "shared_subnets": _shared(accounts),
        "unknown_subnets": _listed(account.name for account in accounts if account.subnet is None),
    }


def _shared(accounts: Iterable[AccountPlan]) -> str:
    """Accounts whose subnets overlap, with the subnets: ``alice 10.0.0.0/24, bob 10.0.0.0/24``."""
    known = [(account.name, account.subnet) for account in accounts if account.subnet is not None]
    alike = {name for one, other in combinations(known, 2) if overlap(one[1], other[1]) for name in (one[0], other[0])}
    return _listed(f"{name} {subnet}" for name, subnet in known if name in alike)


def _systems(nodes: Iterable[NodePlan]) -> dict[str, object]:
    """Names of nodes by what they are."""

    def named(is_so: Callable[[NodePlan], bool]) -> str:
        return _listed(node.name for node in nodes if is_so(node))

    volumes = ((node.name, node.block_volume) for node in nodes)
    return {
        "iptables_nodes": named(lambda node: node.family == APT),
        "ubuntu_nodes": named(lambda node: SYSTEMS[node.os].distribution == "ubuntu"),
        "debian_nodes": named(lambda node: SYSTEMS[node.os].distribution == "debian"),
        "oracle_nodes": named(lambda node: SYSTEMS[node.os].distribution == "oracle"),
        "selinux_permissive": named(lambda node: "selinux" in node.steps and node.selinux == "permissive"),
        "selinux_unmanaged": named(lambda node: "selinux" in node.steps and node.selinux == "unmanaged"),
        "volume_list": _listed(
            f"{name} ({volume.device}, {volume.size_gib} GiB)" for name, volume in volumes if volume
        ),
        "no_volume_nodes": named(lambda node: node.block_volume is None),
    }


def _bytes(plan: Plan) -> dict[str, object]:
    """Bytes of a full packet on its way, from the pod to the internet."""
    underlay = plan.network.underlay_mtu
    # Those of VXLAN, whichever way is chosen: the texts compare.
    pod = arithmetic.pod_mtu(underlay)
    wireguard = arithmetic.wire_size(underlay) - underlay
    quic = arithmetic.quic_least_mtu()
    return {
        "underlay_mtu": underlay,
        "vxlan_overhead": plan.network.vxlan_overhead,
        "vxlan_share": f"{100 * plan.network.vxlan_overhead / underlay:.1f}",
        "pod_mtu": pod,
        "routed_mtu": arithmetic.pod_mtu(underlay, arithmetic.TAILNET),
        "routed_mtu_more": arithmetic.pod_mtu(underlay, arithmetic.TAILNET) + 1,
        "routed_segment": arithmetic.tcp_segment(arithmetic.pod_mtu(underlay, arithmetic.TAILNET)),
        "pod_mtu_more": pod + 1,
        "pod_mtu_twice": arithmetic.pod_mtu(pod),
        "pod_mtu_encrypted": pod - wireguard,
        "tcp_segment": arithmetic.tcp_segment(pod),
        "wireguard_v4": wireguard,
        "wireguard_v6": arithmetic.wire_size(underlay, ipv6=True) - underlay,
        "wire_v4": arithmetic.wire_size(underlay),
        "wire_v6": arithmetic.wire_size(underlay, ipv6=True),
        "internet_mtu": arithmetic.INTERNET_MTU,
        "quic_least_mtu": quic,
        "quic_margin": pod - quic,
    }


def _listed(names: Iterable[str]) -> str:
    """The names, or the first of them and how many more."""
    texts = list(names)
    hidden = len(texts) - NAMES_SHOWN
    return ", ".join(texts[:NAMES_SHOWN]) + (f", +{hidden}" if hidden > 0 else "")
