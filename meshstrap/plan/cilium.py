"""Cilium's Helm values: ours, each for a reason; the person's are merged over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshstrap.plan.model import CiliumImages, Network
from meshstrap.plan.network import VXLAN

# The chart's own way makes them once, for 365 days; this one makes them anew every four months (values.yaml of 1.20,
# hubble.tls.auto.schedule and certValidityDuration).
_RENEWED = {"tls": {"auto": {"method": "cronJob"}}}


def cilium_values(
    network: Network, *, routing: str, api_endpoint: str, api_port: int, hubble: bool, own: Mapping[str, Any]
) -> dict[str, Any]:
    """Our values for the chart. ``hubble``: with its relay and UI; ``own``: the person's, which go over ours.

    ``devices`` stays out: Cilium finds the network card and tailscale0 by itself, and needs both. With the card alone
    pods still reach each other, but node ports do not answer the tailnet; with tailscale0 alone no pod reaches the
    internet, as soon as the machine has booted (tests/cluster/test_traps_cilium.py, November 2026).
    """
    return {
        # The agent reaches the API before any service works: by the name in /etc/hosts of every node.
        "k8sServiceHost": api_endpoint,
        "k8sServicePort": api_port,
        "kubeProxyReplacement": True,
        **_routing(network, routing),
        "MTU": network.cilium_mtu,
        # Pod subnets come from kube-controller-manager; the chart's own pool, 10.0.0.0/8, would cover the VCNs.
        "ipam": {"mode": "kubernetes"},
        "k8s": {"requireIPv4PodCIDR": True},
        "ipv4": {"enabled": True},
        "ipv6": {"enabled": False},
        "bpf": {"masquerade": True},
        # Node ports answer on the tailnet address only, never on the machine's public interface.
        "nodePort": {"addresses": [str(network.tailnet_subnet)]},
        # Cilium's proxy and Tailscale's connection marks do not get on (https://github.com/cilium/cilium/issues/48706).
        "l7Proxy": False,
        "envoy": {"enabled": False},
        # The chart's two replicas repel each other: on one machine the second would stay pending for ever.
        "operator": {"replicas": 1, "rollOutPods": True},
        # New values take effect: the chart then restarts the agents when their configuration changes.
        "rollOutCiliumPods": True,
        "hubble": _hubble(own.get("hubble"), asked=hubble),
    }


def _routing(network: Network, routing: str) -> dict[str, Any]:
    if routing == VXLAN:
        return {"routingMode": "tunnel", "tunnelProtocol": "vxlan"}
    # Within these addresses nothing is masqueraded; the routes are Tailscale's, so Cilium makes none.
    return {
        "routingMode": "native",
        "ipv4NativeRoutingCIDR": str(network.pod_subnet),
        "autoDirectNodeRoutes": False,
    }


def _hubble(own: object, *, asked: bool) -> dict[str, Any]:
    if asked:
        return {"enabled": True, "relay": {"enabled": True}, "ui": {"enabled": True}, **_RENEWED}
    by_value = isinstance(own, Mapping) and own.get("enabled") is True
    return {"enabled": False, **(_RENEWED if by_value else {})}


def cilium_images(version: str, values: Mapping[str, Any]) -> CiliumImages:
    """The images that the chart's templates make of these values (``cilium.image``, ``cilium.operator.image``).

    Without a digest of the person's own the tag alone: the chart's digest is of the same image, and only the chart
    knows it.
    """
    agent, operator = values.get("image") or {}, (values.get("operator") or {}).get("image") or {}
    return CiliumImages(
        agent=_image(agent, "quay.io/cilium/cilium", version, agent.get("digest")),
        operator=_image(operator, "quay.io/cilium/operator", version, operator.get("genericDigest"), "-generic"),
    )


def _image(image: Mapping[str, Any], repository: str, version: str, digest: object, suffix: str = "") -> str:
    if override := image.get("override"):
        return str(override)
    pinned = f"@{digest}" if digest and image.get("useDigest", True) else ""
    name = f"{image.get('repository') or repository}{suffix}{image.get('suffix') or ''}"
    return f"{name}:{image.get('tag') or f'v{version}'}{pinned}"
