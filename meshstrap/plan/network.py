"""Subnet and MTU arithmetic: one function per number, with the formula and where it comes from."""

from __future__ import annotations

from netaddr import IPAddress, IPNetwork

from meshstrap.plan.model import Network

TAILNET_SUBNET = IPNetwork("100.64.0.0/10")
"""Every tailnet address: the shared space of RFC 6598. Tailscale's clients take no other (net/tsaddr/tsaddr.go)."""

UNDERLAY_MTU = 1280
"""Bytes of tailscale0: ``safeTUNMTU`` in tailscale's net/tstun/mtu.go, also IPv6's least (RFC 8200, section 5)."""

INTERNET_MTU = 1500
"""Bytes that the path between two accounts carries: Ethernet's, whatever the VNIC is set to (OCI: 9000)."""

IPV4_HEADER = 20
IPV6_HEADER = 40
TCP_HEADER = 20
UDP_HEADER = 8
VXLAN_HEADER = 8
ETHERNET_HEADER = 14
WIREGUARD_DATA = 32
"""Bytes of a WireGuard data message around its payload: type 4, receiver 4, counter 8, tag 16 (whitepaper, 5.4.6)."""

QUIC_INITIAL_PAYLOAD = 1200
"""Bytes of UDP payload that a path has to carry before QUIC may use it (RFC 9000, section 14)."""

KUBELET_MAX_PODS = 110
"""kubelet's default for ``maxPods``."""

NODE_POD_PREFIX = 24
"""Length of each node's share of the pod subnet: kubeadm's own, which cannot change while a cluster lives."""

VXLAN, TAILNET = "vxlan", "tailnet"
"""The ways of ``cilium.routing``: wrapped by Cilium, or as routes of the tailnet."""

_IPV4_BITS = 32
_DNS_HOST_NUMBER = 10


def vxlan_overhead() -> int:
    """50 bytes: outer IPv4 20 + UDP 8 + VXLAN 8 + inner Ethernet 14 (RFC 7348, section 5; cilium's pkg/mtu/mtu.go)."""
    return IPV4_HEADER + UDP_HEADER + VXLAN_HEADER + ETHERNET_HEADER


def pod_mtu(underlay_mtu: int = UNDERLAY_MTU, routing: str = VXLAN) -> int:
    """Bytes of the route inside a pod. Wrapped: underlay MTU - VXLAN overhead, 1280 - 50 = 1230; routed: 1266."""
    return underlay_mtu - vxlan_overhead() if routing == VXLAN else cilium_mtu(underlay_mtu, routing)


def cilium_mtu(underlay_mtu: int = UNDERLAY_MTU, routing: str = VXLAN) -> int:
    """The chart's ``MTU``. Wrapped: the device's, from which Cilium takes the 50 bytes off itself (pkg/mtu/cell.go).

    Routed: underlay MTU - Ethernet 14 = 1266. Cilium's route look-up (bpf_fib_lookup) counts the Ethernet header with
    which a packet leaves its pod, and tailscale0 has none: with 1280 packets above 1268 are lost, with 1266 none of
    1266 is (measured with Cilium 1.20.2, November 2026).
    """
    return underlay_mtu if routing == VXLAN else underlay_mtu - ETHERNET_HEADER


def wire_size(packet: int = UNDERLAY_MTU, *, ipv6: bool = False) -> int:
    """Bytes on the internet of one tailnet packet: + 32 WireGuard + 8 UDP + 20 IPv4 or 40 IPv6. 1340 or 1360."""
    return packet + WIREGUARD_DATA + UDP_HEADER + (IPV6_HEADER if ipv6 else IPV4_HEADER)


def tcp_segment(mtu: int) -> int:
    """Bytes of data in one TCP segment over IPv4: MTU - 20 - 20 (RFC 9293, section 3.7.1). 1190 in a pod."""
    return mtu - IPV4_HEADER - TCP_HEADER


def quic_least_mtu() -> int:
    """The smallest MTU that lets QUIC begin over IPv4: 1200 + UDP 8 + IPv4 20 = 1228."""
    return QUIC_INITIAL_PAYLOAD + UDP_HEADER + IPV4_HEADER


def node_capacity(pod_subnet: IPNetwork, node_prefix: int = NODE_POD_PREFIX) -> int:
    """How many nodes get a share of the pod subnet: 2^(node prefix - subnet prefix). 256 for a /16 cut into /24."""
    return int(2 ** max(0, node_prefix - pod_subnet.prefixlen))


def node_pod_addresses(node_prefix: int = NODE_POD_PREFIX) -> int:
    """Addresses in one node's share: 2^(32 - node prefix) = 256, for at most 110 pods and the few that Cilium keeps."""
    return int(2 ** (_IPV4_BITS - node_prefix))


def dns_address(service_subnet: IPNetwork) -> IPAddress:
    """The tenth address of the service subnet, where kubeadm puts the cluster's DNS (GetDNSIP in constants.go)."""
    return IPAddress(service_subnet.first + _DNS_HOST_NUMBER, 4)


def derive_network(pod_subnet: IPNetwork, service_subnet: IPNetwork, routing: str = VXLAN) -> Network:
    """Everything about the network that follows from the two subnets and the way between nodes."""
    return Network(
        pod_subnet=pod_subnet,
        service_subnet=service_subnet,
        tailnet_subnet=TAILNET_SUBNET,
        node_pod_prefix=NODE_POD_PREFIX,
        dns_address=dns_address(service_subnet),
        underlay_mtu=UNDERLAY_MTU,
        vxlan_overhead=vxlan_overhead(),
        pod_mtu=pod_mtu(routing=routing),
        cilium_mtu=cilium_mtu(routing=routing),
    )
