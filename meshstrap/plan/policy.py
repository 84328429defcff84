"""The tailnet's policy: who may ask for the nodes' tags, and who may reach what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshstrap.plan.model import Plan
from meshstrap.plan.names import KUBELET_PORT, VXLAN_PORT
from meshstrap.plan.network import TAILNET, VXLAN

SSH_PORT = 22
CILIUM_HEALTH_PORT = 4240
HUBBLE_PEER_PORT = 4244
"""Each agent's Hubble server, which the relay asks (the same page)."""
NODE_PORTS = "30000-32767"
"""kube-apiserver --service-node-port-range, its default."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """What one line of a grant opens, as a policy writes it, and its reason: a name in ``views/words/policy.yaml``."""

    ports: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Grant:
    """``src`` may reach ``dst`` on these ports."""

    src: tuple[str, ...]
    dst: tuple[str, ...]
    ports: tuple[Port, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy with no more rights than the cluster uses. ``owners``: tag → who may give it to a machine.

    ``approvers``: subnet → whose routes into it need no approval by hand; empty without tailnet routing.
    """

    owners: Mapping[str, tuple[str, ...]]
    grants: tuple[Grant, ...]
    approvers: Mapping[str, tuple[str, ...]]

    @property
    def document(self) -> dict[str, Any]:
        """As Tailscale and Headscale read it (https://tailscale.com/docs/reference/syntax/policy-file)."""
        approved = {subnet: list(tags) for subnet, tags in self.approvers.items()}
        return {
            "tagOwners": {tag: list(owners) for tag, owners in self.owners.items()},
            "grants": [
                {"src": list(grant.src), "dst": list(grant.dst), "ip": [port.ports for port in grant.ports]}
                for grant in self.grants
            ],
            **({"autoApprovers": {"routes": approved}} if approved else {}),
        }


def derive_policy(plan: Plan) -> Policy:
    """The policy of a plan. ``ValueError``: the nodes carry no tag to speak of.

    Every node carries every tag, so the first is enough for the rules. Nothing of people's is reached by a node.
    Headscale knows no role that could own a tag, and a key that its server makes needs no owner (run with 0.29.2).
    """
    if not plan.tags:
        message = "without a tag the nodes belong to people, and no rule can name them"
        raise ValueError(message)
    nodes = (plan.tags[0],)
    # Routed pods come with addresses of their own; wrapped ones are seen by nobody.
    pods = (str(plan.network.pod_subnet),) if plan.routing == TAILNET else ()
    everything = (Port(ports="*", reason="network_policies"),)
    people = (Port(ports=f"tcp:{SSH_PORT}", reason="ssh"), Port(ports=f"tcp:{plan.api_port}", reason="kubectl"))
    return Policy(
        owners=dict.fromkeys(plan.tags, () if plan.login_server else ("autogroup:admin",)),
        grants=(
            Grant(src=(*nodes, *pods), dst=nodes, ports=tuple(_between_nodes(plan)), reason="nodes"),
            *(Grant(src=(*nodes, *pods), dst=(pod,), ports=everything, reason="pods") for pod in pods),
            Grant(src=("autogroup:member",), dst=nodes, ports=people, reason="people"),
        ),
        approvers=dict.fromkeys(pods, nodes),
    )


def _between_nodes(plan: Plan) -> Iterator[Port]:
    if plan.routing == VXLAN:
        yield Port(ports=f"udp:{VXLAN_PORT}", reason="vxlan")
    yield Port(ports=f"tcp:{plan.api_port}", reason="api")
    yield Port(ports=f"tcp:{KUBELET_PORT}", reason="kubelet")
    yield Port(ports=f"tcp:{CILIUM_HEALTH_PORT}", reason="health")
    yield Port(ports="icmp:*", reason="icmp")
    if plan.cilium_values.get("hubble", {}).get("enabled"):
        yield Port(ports=f"tcp:{HUBBLE_PEER_PORT}", reason="hubble")
    yield Port(ports=f"tcp:{NODE_PORTS}", reason="node_ports")
    yield Port(ports=f"udp:{NODE_PORTS}", reason="node_ports")
