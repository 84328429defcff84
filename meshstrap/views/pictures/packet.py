"""A full packet's way from a pod to a pod in another account, with the bytes that each hop adds or takes away."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from meshstrap.plan import network as arithmetic
from meshstrap.plan.model import NodePlan, Plan

NIC_MTU = 9000
"""Bytes that a network card carries inside its account's own network
(https://docs.oracle.com/en-us/iaas/Content/Network/Troubleshoot/connectionhang.htm)."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """One header and its bytes. WireGuard's 32 are 16 in front of what it carries and 16 behind."""

    name: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Packet:
    """Headers in front of the rest: ``inner`` is the word for it, ``inner_size`` its bytes."""

    headers: tuple[Header, ...] = ()
    inner: str
    inner_size: int

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return sum(header.size for header in self.headers) + self.inner_size


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One place on the way.

    ``key``: the word for what happens there; ``node`` and ``device``: where, both empty on the internet; ``mtu``: bytes
    of the largest packet that goes through.
    """

    key: str
    node: str
    device: str
    mtu: int
    packet: Packet


@dataclass(frozen=True, kw_only=True)
class PacketPath:
    """The hops in order, and the packet's bytes on the internet over IPv6. ``receiver`` is ``None`` with one node."""

    sender: NodePlan
    receiver: NodePlan | None
    hops: tuple[Hop, ...]
    wire_ipv6: int

    def changes(self) -> tuple[int, ...]:
        """Bytes more or less than at the hop before; nothing at the first."""
        sizes = [hop.packet.size for hop in self.hops]
        return (0, *(after - before for before, after in pairwise(sizes)))


def derive_packet_path(plan: Plan) -> PacketPath:
    """The way of a full TCP segment over IPv4, without TCP options, from the control plane to another account."""
    sender = plan.node(plan.control_plane)
    receiver = _receiver(plan, sender)
    packets = _packets(plan)
    there = receiver.name if receiver else ""
    return PacketPath(
        sender=sender,
        receiver=receiver,
        hops=(*_outbound(plan, packets, sender.name), *_inbound(plan, packets, there)),
        wire_ipv6=arithmetic.wire_size(plan.network.underlay_mtu, ipv6=True),
    )


def _receiver(plan: Plan, sender: NodePlan) -> NodePlan | None:
    """A node of another account if there is one."""
    others = [node for node in plan.nodes if node.name != sender.name]
    return min(others, key=lambda node: node.account == sender.account, default=None)


def _packets(plan: Plan) -> dict[str, Packet]:
    """The same packet as a pod, VXLAN, the tailnet and the internet see it; without VXLAN where pods are routed."""
    ip, udp = Header(name="IP", size=arithmetic.IPV4_HEADER), Header(name="UDP", size=arithmetic.UDP_HEADER)
    tcp, vxlan = Header(name="TCP", size=arithmetic.TCP_HEADER), Header(name="VXLAN", size=arithmetic.VXLAN_HEADER)
    ethernet = Header(name="Eth", size=arithmetic.ETHERNET_HEADER)
    wireguard = Header(name="WireGuard", size=arithmetic.WIREGUARD_DATA)
    pod = Packet(headers=(ip, tcp), inner="data", inner_size=arithmetic.tcp_segment(plan.network.pod_mtu))
    tunnel = Packet(headers=(ip, udp, vxlan, ethernet), inner="inner_pod", inner_size=pod.size)
    carried, word = (tunnel, "inner_vxlan") if plan.routing == arithmetic.VXLAN else (pod, "inner_pod")
    return {
        "pod": pod,
        "vxlan": tunnel,
        "tailnet": Packet(inner=word, inner_size=carried.size),
        "wire": Packet(headers=(ip, udp, wireguard), inner="inner_encrypted", inner_size=carried.size),
    }


def _outbound(plan: Plan, packets: dict[str, Packet], node: str) -> tuple[Hop, ...]:
    pod, underlay, internet = plan.network.pod_mtu, plan.network.underlay_mtu, arithmetic.INTERNET_MTU
    return (
        Hop(key="hop_pod", node=node, device="eth0", mtu=pod, packet=packets["pod"]),
        *_wrapped(plan, "hop_vxlan", node, packets),
        Hop(key="hop_tailnet", node=node, device="tailscale0", mtu=underlay, packet=packets["tailnet"]),
        Hop(key="hop_wire", node=node, device="NIC", mtu=NIC_MTU, packet=packets["wire"]),
        Hop(key="hop_internet", node="", device="", mtu=internet, packet=packets["wire"]),
    )


def _inbound(plan: Plan, packets: dict[str, Packet], node: str) -> tuple[Hop, ...]:
    pod, underlay = plan.network.pod_mtu, plan.network.underlay_mtu
    return (
        Hop(key="hop_arrives", node=node, device="NIC", mtu=NIC_MTU, packet=packets["wire"]),
        Hop(key="hop_decrypted", node=node, device="tailscale0", mtu=underlay, packet=packets["tailnet"]),
        *_wrapped(plan, "hop_unwrapped", node, packets),
        Hop(key="hop_pod", node=node, device="eth0", mtu=pod, packet=packets["pod"]),
    )


def _wrapped(plan: Plan, key: str, node: str, packets: dict[str, Packet]) -> tuple[Hop, ...]:
    if plan.routing != arithmetic.VXLAN:
        return ()
    return (Hop(key=key, node=node, device="cilium_vxlan", mtu=plan.network.underlay_mtu, packet=packets["vxlan"]),)
