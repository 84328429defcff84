"""Cilium: its release, and its agent on every node."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.hosts import names
from meshstrap.plan.model import Fact, NodePlan, Plan

_KPR = "https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/"
_MASQUERADING = "https://docs.cilium.io/en/stable/network/concepts/masquerading/"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topic cilium."""
    del node
    yield from _release(plan)
    yield from _agent(plan)
    yield from _reach(plan)


def _release(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="cilium_version",
        value=f"{plan.versions.cilium}, deployed",
        why="the plan's values are written for this chart, and a chart ignores values that it does not know",
        source="cluster.yaml cilium.version",
    )
    yield Fact(
        name="cilium_values",
        value="the plan's Helm values, and no others",
        why="whoever upgrades by hand changes the network of every node",
        source="meshstrap/plan/cilium.py; cluster.yaml cilium.values",
    )
    yield Fact(
        name="cilium_told",
        value="the agents' ConfigMap says the same as the values",
        why="agents read this map and not the release; it may be edited by itself",
        source="cilium install/kubernetes/cilium/templates/cilium-configmap.yaml",
    )


def _agent(plan: Plan) -> Iterator[Fact]:
    values = plan.cilium_values
    yield Fact(
        name="cilium_agent",
        value="the agent on this node says Ok",
        why="while it does not, new pods get no network and policies do not change",
        source="cilium-dbg status",
    )
    yield Fact(
        name="kube_proxy_replacement",
        value=str(values.get("kubeProxyReplacement")),
        why="there is no kube-proxy: without Cilium's own no Service has an address that works",
        source=_KPR,
    )
    yield Fact(
        name="no_kube_proxy",
        value="no kube-proxy process, and none of its iptables chains",
        why="two of them translate each Service twice, and the older one with what was true before",
        source=_KPR,
    )
    yield Fact(
        name="masquerading",
        value="BPF" if values.get("bpf", {}).get("masquerade") else "iptables",
        why="iptables' would be a second place of rules beside Tailscale's own",
        source=_MASQUERADING,
    )
    tunnel = values.get("routingMode") == "tunnel"
    yield Fact(
        name="routing",
        value=f"Tunnel, {values.get('tunnelProtocol')}" if tunnel else "Native",
        why="the accounts' networks know no pod addresses, so packets between nodes are wrapped"
        if tunnel
        else "pod subnets are routes of the tailnet",
        source="https://docs.cilium.io/en/stable/network/concepts/routing/",
    )


def _reach(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="devices",
        value=f"the network card of the default route, and {names.TAILNET_DEVICE}",
        why="with the card alone no traffic crosses nodes, with tailscale0 alone no pod reaches the internet",
        source="cilium pkg/datapath/linux/devices_controller.go",
    )
    yield Fact(
        name="metadata_policy",
        value=f"pods may not open TCP 80 on {names.METADATA_ADDRESS}, and nothing else there is closed",
        why="the metadata service hands this machine's user-data to every process that asks; the same address answers "
        "the DNS that CoreDNS asks",
        source="https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm",
    )
    yield Fact(
        name="own_kubelet",
        value="a pod opens a connection to port 10250 of its own node",
        why="metrics and webhooks come that way; with a tailnet address as the node's it has failed at times",
        source="https://github.com/cilium/cilium/issues/46680",
    )
    del plan
