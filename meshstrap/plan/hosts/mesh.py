"""The tailnet, and what keeps it and Cilium from breaking each other."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.hosts import names
from meshstrap.plan.model import Fact, NodePlan, Plan

_MARKS = "https://github.com/cilium/cilium/issues/36104"
_OVERLAY = "https://github.com/tailscale/tailscale/issues/19797"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topics mesh_guards and tailnet."""
    yield from _guards(plan)
    yield from _membership(plan, node)
    yield from _settings(plan)
    yield from _identity(plan)


def _guards(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="mesh_rule_at_boot",
        value="the unit that adds the rule is enabled and has run",
        why="routing rules are gone after a boot",
        source=_MARKS,
    )
    yield Fact(
        name="mesh_rule_kept",
        value="the rule is marked as the kernel's own (protocol kernel)",
        why="systemd-networkd, where it manages the network, deletes rules that it does not know when it restarts",
        source="networkd.conf(5) ManageForeignRoutingPolicyRules",
    )
    yield Fact(
        name="marked_packets",
        value=f"a packet with mark {names.POD_IDENTITY_MARK} to another node leaves by {names.TAILNET_DEVICE}",
        why="this is the mark of one pod identity in 256; without the rule its packets leave by the network card, "
        "unencrypted, and are lost",
        source=_MARKS,
    )
    yield Fact(
        name="peer_endpoints",
        value=f"no peer is reached by an address of {plan.network.pod_subnet}",
        why="that path runs through the tailnet itself and loops: full processors, and lost leases",
        source=_OVERLAY,
    )
    yield Fact(
        name="source_validation",
        value="net.ipv4.conf.all.src_valid_mark = 0 while Cilium's proxy is in use",
        why="with it the kernel drops what comes out of Cilium's proxy: L7 and DNS policies, Ingress, Gateway",
        source="https://github.com/tailscale/tailscale/issues/19796",
    )


def _membership(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="logged_in",
        value="Running",
        why="nodes reach each other through the tailnet and by no other way",
        source="tailscale ipn/backend.go State",
    )
    yield Fact(
        name="connected",
        value="connected to the coordination server",
        why="without it this node learns of no new peer, and new peers not of this node",
        source="tailscale ipn/ipnstate PeerStatus.Online",
    )
    yield Fact(
        name="login_server",
        value=plan.login_server or "Tailscale's own",
        why="the nodes of a cluster are in one tailnet",
        source="cluster.yaml tailnet.login_server",
    )
    yield Fact(
        name="tailnet_name",
        value=node.name,
        why="workers find the control plane by this name; a second machine of it becomes name-1 and is not found",
        source="https://tailscale.com/kb/1098/machine-names",
    )
    yield Fact(
        name="tags",
        value=", ".join(plan.tags),
        why="the tailnet's policy lets tagged nodes reach each other, and a tagged node's key does not expire",
        source="https://tailscale.com/kb/1068/tags",
    )
    yield Fact(
        name="address",
        value=f"in {plan.network.tailnet_subnet}, and that of the first login",
        why="it is in the API server's certificate and in what kubelet and etcd were told: a new one breaks them all",
        source="kubeadm localAPIEndpoint.advertiseAddress; kubelet --node-ip",
    )


def _settings(plan: Plan) -> Iterator[Fact]:
    routed = plan.routing == "tailnet"
    yield Fact(
        name="accept_dns",
        value="off, and no 100.100.100.100 in resolv.conf",
        why="the kubelet would hand Tailscale's resolver to CoreDNS, and pods would need the tailnet for every name",
        source="tailscale set --accept-dns",
    )
    yield Fact(
        name="accept_routes",
        value="on" if routed else "off",
        why="pod subnets are routes of the tailnet"
        if routed
        else "a route that somebody advertises would win over the account's own subnet, which all accounts share",
        source="tailscale set --accept-routes",
    )


def _identity(plan: Plan) -> Iterator[Fact]:
    del plan
    yield Fact(
        name="kept_identity",
        value="tailscaled keeps its state in a file",
        why="a node without one is a new machine with a new address after every boot",
        source="tailscaled --state",
    )
    yield Fact(
        name="node_key",
        value=f"does not expire, or not within {names.NODE_KEY_DAYS} days",
        why="a node whose key expires is out of the tailnet, and so out of the cluster, until a person logs it in",
        source="https://tailscale.com/kb/1028/key-expiry",
    )
