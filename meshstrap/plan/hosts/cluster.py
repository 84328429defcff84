"""What only the whole cluster can show: its nodes together, and pods that reach each other."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from meshstrap.plan.hosts import names
from meshstrap.plan.model import Fact, NodePlan, Plan

_SERVICES = "https://kubernetes.io/docs/concepts/services-networking/service/"
_DNS = "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"
_KPR = "https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topic cluster."""
    yield from _nodes(plan)
    yield from _packets(plan)
    yield from _services(plan)
    yield from _names(plan, node)
    yield from _guards()


def inside_name() -> str:
    """A name that only the cluster's own DNS knows: the API server's Service."""
    return f"kubernetes.default.svc.{names.CLUSTER_DOMAIN}"


def outside_name(node: NodePlan) -> str:
    """A name that the machine itself had to resolve to become a node: where its packages come from."""
    return next(filter(None, (urlsplit(one.url).hostname for one in node.repositories)), "")


def _nodes(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="nodes_ready",
        value=f"{', '.join(node.name for node in plan.nodes)}: Ready, each by its tailnet address",
        why="nodes of different accounts reach each other by no other address",
        source="kubelet --node-ip",
    )
    yield Fact(
        name="pods_start",
        value="a pod runs on every node that is Ready",
        why="what a node says of itself is one thing, whether it runs a pod another; the questions below need it, too",
        source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",
    )
    yield Fact(
        name="tailnet_paths",
        value="every other node answers through the tailnet",
        why="without a path between two nodes their pods do not meet; a relayed one is slower and costs its relay",
        source="https://tailscale.com/kb/1257/connection-types",
    )
    yield Fact(
        name="nothing_left",
        value="the verification's own namespace is gone",
        why="it asks, and changes nothing for good",
        source="meshstrap/fleet/cluster_asker.py",
    )


def _packets(plan: Plan) -> Iterator[Fact]:
    mtu = plan.network.pod_mtu
    yield Fact(
        name="exact_mtu",
        value=f"packets of {mtu} bytes that nobody may fragment come through, for every pair of nodes",
        why="pods send packets of this size; where they vanish, small answers come and large ones hang",
        source="meshstrap/plan/network.py",
    )
    yield Fact(
        name="no_larger",
        value=f"packets of {mtu + 1} bytes that nobody may fragment do not come through",
        why="then the tunnel fragments, or another path than the tailnet is taken",
        source="meshstrap/plan/network.py",
    )
    yield Fact(
        name="transfers",
        value=f"{names.TRANSFER_BYTES >> 20} MiB from every pod to every other one, within {names.TRANSFER_SECONDS} s",
        why="many full packets in a row show what one alone does not: loss, and a path that breaks down under load",
        source="meshstrap/fleet/pod.py",
    )


def _services(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="cluster_ip",
        value="from every pod a ClusterIP leads to the pods of all nodes",
        why="Cilium's eBPF translates it where the pod is; a node that does not know all backends loses connections",
        source=_SERVICES,
    )
    yield Fact(
        name="node_port",
        value=f"every node answers at a NodePort of its address in {plan.network.tailnet_subnet}",
        why="it is how machines of the tailnet reach a Service",
        source=f"{_SERVICES}#type-nodeport",
    )
    yield Fact(
        name="no_proxies",
        value="no kube-proxy anywhere in the cluster",
        why="Cilium does its work; two translators of one address contradict each other",
        source=_KPR,
    )


def _names(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="inside_names",
        value=f"{inside_name()} is {plan.network.service_subnet[1]} in every pod",
        why="programs in pods find Services by name",
        source=_DNS,
    )
    yield Fact(
        name="outside_names",
        value=f"{outside_name(node)} has an address in every pod",
        why="CoreDNS hands other names to the machine's resolver; pods reach nothing outside when that fails",
        source=_DNS,
    )


def _guards() -> Iterator[Fact]:
    yield Fact(
        name="metadata_closed",
        value=f"no pod connects to {names.METADATA_ADDRESS} on TCP 80",
        why="the metadata service hands the machine's user-data and identity to whoever asks",
        source="https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm",
    )
    yield Fact(
        name="metadata_resolves",
        value=f"pods resolve names through {names.METADATA_ADDRESS}",
        why="the same address is the cloud's name server, and CoreDNS runs in a pod",
        source="https://docs.oracle.com/en-us/iaas/Content/Network/Concepts/dns.htm",
    )
    yield Fact(
        name="own_kubelets",
        value="every pod reaches port 10250 of its own node",
        why="metrics-server asks the kubelet of its own node, too",
        source="https://github.com/kubernetes-sigs/metrics-server#requirements",
    )
