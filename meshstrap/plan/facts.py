"""Every derived number and choice with its reason: what ``invoke plan`` prints and ``invoke explain`` looks up."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan import names
from meshstrap.plan import network as arithmetic
from meshstrap.plan.model import Fact, Network, Versions

_CILIUM_MTU = "https://docs.cilium.io/en/stable/network/concepts/routing/#encapsulation"
_MARKS = "https://github.com/cilium/cilium/issues/36104"
_OVERLAY = "https://github.com/tailscale/tailscale/issues/19797"


def derive_facts(
    network: Network, versions: Versions, *, routing: str, nodes: int, api: str, ca_cert_hash: str
) -> tuple[Fact, ...]:
    """The facts of one plan, in the order in which they build on each other."""
    return (
        *_subnets(network, nodes),
        *_mtus(network, routing),
        *_guards(network),
        *_versions(versions),
        *_trust(api, ca_cert_hash),
    )


def _subnets(network: Network, nodes: int) -> Iterator[Fact]:
    capacity = arithmetic.node_capacity(network.pod_subnet, network.node_pod_prefix)
    addresses = arithmetic.node_pod_addresses(network.node_pod_prefix)
    yield Fact(
        name="tailnet_subnet",
        value=str(network.tailnet_subnet),
        why="every node's address is in it; pods, services and private subnets must not be",
        source="RFC 6598; tailscale net/tsaddr/tsaddr.go",
    )
    yield Fact(
        name="node_pod_subnets",
        value=f"{capacity} of /{network.node_pod_prefix}",
        why=f"2^({network.node_pod_prefix} - {network.pod_subnet.prefixlen}) shares of the pod subnet; {nodes} in use",
        source="kube-controller-manager --node-cidr-mask-size",
    )
    yield Fact(
        name="node_pod_addresses",
        value=str(addresses),
        why=f"2^(32 - {network.node_pod_prefix}) a node, for {arithmetic.KUBELET_MAX_PODS} pods and a few of Cilium's",
        source="kubelet maxPods",
    )
    yield Fact(
        name="dns_address",
        value=str(network.dns_address),
        why=f"the tenth address of {network.service_subnet}: kubeadm gives it to the cluster's DNS",
        source="kubernetes cmd/kubeadm/app/constants GetDNSIP",
    )


def _mtus(network: Network, routing: str) -> Iterator[Fact]:
    underlay, pods = network.underlay_mtu, network.pod_mtu
    yield Fact(
        name="underlay_mtu",
        value=str(underlay),
        why="what tailscale0 carries; small enough for every path, so it is left alone",
        source="tailscale net/tstun/mtu.go safeTUNMTU",
    )
    yield Fact(
        name="wire_size",
        value=f"{arithmetic.wire_size(underlay)} (IPv4), {arithmetic.wire_size(underlay, ipv6=True)} (IPv6)",
        why=f"a full tailnet packet on the internet: {underlay} + WireGuard 32 + UDP 8 + IP 20 or 40; "
        f"below {arithmetic.INTERNET_MTU}, so it is never cut",
        source="WireGuard whitepaper, 5.4.6",
    )
    yield from _wrapped(network) if routing == arithmetic.VXLAN else _routed(network)
    yield Fact(
        name="quic_least_mtu",
        value=str(arithmetic.quic_least_mtu()),
        why=f"1200 bytes to begin with + UDP 8 + IPv4 20; a pod's {pods} is {pods - arithmetic.quic_least_mtu()} more",
        source="RFC 9000, section 14",
    )
    yield Fact(
        name="tcp_segment",
        value=str(arithmetic.tcp_segment(pods)),
        why=f"{pods} - IPv4 20 - TCP 20: data in one TCP segment between pods",
        source="RFC 9293, section 3.7.1",
    )


def _guards(network: Network) -> Iterator[Fact]:
    yield Fact(
        name="mesh_rule",
        value=f"{names.MESH_RULE}: to {network.tailnet_subnet} lookup {names.TAILNET_TABLE}",
        why="Cilium marks packets with pod identities; 1 in 256 reads as Tailscale's and would leave the tailnet",
        source=_MARKS,
    )
    yield Fact(
        name="tailscaled_deny",
        value=str(network.pod_subnet),
        why="tailscaled must not reach nodes by pod addresses: that path runs through the tailnet itself and loops",
        source=_OVERLAY,
    )


def _versions(versions: Versions) -> Iterator[Fact]:
    yield Fact(
        name="kubernetes_repository",
        value=f"v{versions.kubernetes_minor}",
        why="Kubernetes' packages have one repository for each minor version",
        source="https://kubernetes.io/blog/2023/08/15/pkgs-k8s-io-introduction/",
    )
    yield Fact(
        name="sandbox_image",
        value=f"registry.k8s.io/pause:{versions.pause}",
        why="containerd has to pin the image that kubeadm of this version expects",
        source="kubeadm config images list",
    )


def _trust(api: str, ca_cert_hash: str) -> Iterator[Fact]:
    yield Fact(
        name="api_endpoint",
        value=api,
        why="a name in every node's /etc/hosts: the control plane's tailnet address is not known before its first boot",
        source="kubeadm controlPlaneEndpoint",
    )
    yield Fact(
        name="ca_cert_hash",
        value=ca_cert_hash or "not known yet",
        why="workers that join accept no other CA"
        if ca_cert_hash
        else "the CA is born on the control plane; until cluster.ca_cert_hash has its hash, workers trust whoever "
        "answers at the control plane's tailnet address and knows their bootstrap token",
        source="kubeadm discovery.bootstrapToken.caCertHashes",
    )


def _wrapped(network: Network) -> Iterator[Fact]:
    underlay = network.underlay_mtu
    yield Fact(
        name="vxlan_overhead",
        value=str(network.vxlan_overhead),
        why="outer IPv4 20 + UDP 8 + VXLAN 8 + inner Ethernet 14",
        source="RFC 7348, section 5; cilium pkg/mtu/mtu.go",
    )
    yield Fact(
        name="pod_mtu",
        value=str(network.pod_mtu),
        why=f"{underlay} - {network.vxlan_overhead}: the MTU of the route inside a pod (its eth0 shows {underlay})",
        source=_CILIUM_MTU,
    )
    yield Fact(
        name="cilium_mtu",
        value=str(network.cilium_mtu),
        why="the chart's MTU is the device's; Cilium takes the VXLAN bytes off itself, so 1230 here would give 1180",
        source="cilium pkg/mtu/cell.go",
    )


def _routed(network: Network) -> Iterator[Fact]:
    yield Fact(
        name="pod_mtu",
        value=str(network.pod_mtu),
        why=f"{network.underlay_mtu} - Ethernet {arithmetic.ETHERNET_HEADER}: Cilium's route look-up counts a header "
        "that tailscale0 does not have, and would drop what is larger",
        source="bpf_fib_lookup; measured with Cilium 1.20.2, November 2026",
    )
    yield Fact(
        name="cilium_mtu",
        value=str(network.cilium_mtu),
        why="without a tunnel the chart's MTU is the pods'",
        source="cilium pkg/mtu/cell.go",
    )
