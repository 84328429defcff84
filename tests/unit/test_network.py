"""The numbers of the network, each against one worked out by hand."""

from __future__ import annotations

import pytest
from netaddr import IPAddress, IPNetwork

from meshstrap.plan import network


def test_vxlan_takes_50_bytes() -> None:
    assert network.vxlan_overhead() == 50


@pytest.mark.parametrize(("underlay", "pods"), [(1280, 1230), (1250, 1200), (1500, 1450)])
def test_pod_mtu(underlay: int, pods: int) -> None:
    assert network.pod_mtu(underlay) == pods


def test_the_chart_is_told_the_device_mtu() -> None:
    assert network.cilium_mtu() == 1280


@pytest.mark.parametrize(
    ("packet", "ipv6", "size"), [(1280, False, 1340), (1280, True, 1360), (0, False, 60), (0, True, 80)]
)
def test_wire_size(packet: int, ipv6: bool, size: int) -> None:
    assert network.wire_size(packet, ipv6=ipv6) == size


def test_a_full_packet_is_never_cut_on_the_internet() -> None:
    assert network.wire_size(ipv6=True) <= network.INTERNET_MTU


def test_quic_fits_into_a_pod_with_two_bytes_to_spare() -> None:
    assert network.quic_least_mtu() == 1228
    assert network.pod_mtu() - network.quic_least_mtu() == 2


def test_tcp_segment() -> None:
    assert network.tcp_segment(network.pod_mtu()) == 1190


@pytest.mark.parametrize(
    ("subnet", "nodes"), [("10.244.0.0/16", 256), ("10.244.0.0/22", 4), ("10.244.0.0/24", 1), ("10.0.0.0/12", 4096)]
)
def test_node_capacity(subnet: str, nodes: int) -> None:
    assert network.node_capacity(IPNetwork(subnet)) == nodes


def test_a_nodes_share_holds_its_pods() -> None:
    assert network.node_pod_addresses() == 256
    assert network.node_pod_addresses() > network.KUBELET_MAX_PODS


@pytest.mark.parametrize(
    ("subnet", "address"),
    [("10.96.0.0/16", "10.96.0.10"), ("10.96.0.0/12", "10.96.0.10"), ("172.20.5.0/24", "172.20.5.10")],
)
def test_dns_is_the_tenth_service_address(subnet: str, address: str) -> None:
    assert network.dns_address(IPNetwork(subnet)) == IPAddress(address)
