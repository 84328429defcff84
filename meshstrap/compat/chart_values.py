"""``cilium.values`` held against what the chart takes: what it would ignore, or refuse on the node for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshstrap.compat.data import facts_of
from meshstrap.compat.known_fields import Facts, Reader, nested
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_protected import CILIUM_VALUES

REMOVED = {
    "tunnel": "routingMode and tunnelProtocol took its place in 1.15, and meshstrap sets them",
    "containerRuntime": "Cilium asks the node itself since 1.16",
    "endpointStatus": "it was removed in 1.16",
    "remoteNodeIdentity": "it was removed in 1.16, and is always on",
    "enableCnpStatusUpdates": "it was removed in 1.15",
    "enableK8sEventHandover": "it was removed in 1.15",
    "enableCiliumEndpointSlice": "ciliumEndpointSlice.enabled took its place in 1.18",
}
"""Value that a chart had once → what became of it (templates/validate.yaml of 1.20)."""

TOLD = {
    "kubeProxyReplacement": "kube-proxy-replacement",
    "routingMode": "routing-mode",
    "tunnelProtocol": "tunnel-protocol",
    "MTU": "mtu",
    "bpf.masquerade": "enable-bpf-masquerade",
    "ipam.mode": "ipam",
    "ipv4.enabled": "enable-ipv4",
    "ipv6.enabled": "enable-ipv6",
    "l7Proxy": "enable-l7-proxy",
    "hubble.enabled": "enable-hubble",
    "nodePort.addresses": "nodeport-addresses",
    "devices": "devices",
}
"""Value that meshstrap sets or watches → the key by which the agents are told it (cilium-configmap.yaml of 1.20)."""

NEEDS_PROXY = ("gatewayAPI.enabled", "ingressController.enabled", "loadBalancer.l7.backend")
"""What the chart refuses to install without ``l7Proxy`` (templates/validate.yaml of 1.20)."""


def cilium_values_are_the_charts(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The chart takes each value, in its place and of its kind."""
    version, values = inventory.cilium.version, inventory.cilium.values
    facts: Facts = facts_of("charts", f"cilium-{version}")
    if facts:
        chart = Reader(
            name=f"the chart of Cilium {version}",
            noun="value",
            start=("cilium", "values"),
            facts=facts,
            places=places,
            protected=CILIUM_VALUES,
            removed=REMOVED,
        )
        yield from chart.judge(values)
        yield from _proxy_needed(values, places)
    yield from _told_past_the_chart(values, places)


def _proxy_needed(values: Mapping[str, Any], places: Places) -> Iterator[Problem]:
    if values.get("l7Proxy") is True:
        return
    for dotted in NEEDS_PROXY:
        path = tuple(dotted.split("."))
        found: Any = values
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is True or found == "envoy":
            message = (
                "it needs l7Proxy: true beside it, and the chart refuses it otherwise; meshstrap leaves the proxy off, "
                "since its marks and Tailscale's do not get on (https://github.com/cilium/cilium/issues/48706)"
            )
            yield places.problem(("cilium", "values", *path), message)


def _told_past_the_chart(values: Mapping[str, Any], places: Places) -> Iterator[Problem]:
    """What the agents would be told by the chart's two back doors, where nothing here would see it."""
    chart = {key: value for value, key in TOLD.items()}
    for name in values.get("extraConfig") or {}:
        if name in chart:
            yield places.problem(("cilium", "values", "extraConfig", name), _past(chart[name]), at_key=True)
    arguments = values.get("extraArgs") or []
    for index, argument in enumerate(arguments if isinstance(arguments, list) else []):
        name = str(argument).removeprefix("--").partition("=")[0]
        if name in chart:
            yield places.problem(("cilium", "values", "extraArgs", index), _past(chart[name]))


def _past(value: str) -> str:
    why = CILIUM_VALUES.get(value)
    rest = (
        f"which cannot be set: {why}; remove it" if why else f"over which this would win unseen; write {nested(value)}"
    )
    return f"the agents are told this by the chart's value {value}, {rest}"
