"""``cilium.values`` held against what the chart takes: what it would ignore, or refuse on the node for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_protected import CILIUM_VALUES
from meshstrap.inventory.values import closest

Facts = Mapping[str, Any]

# JSON Schema's word for a kind of value (2020-12, 6.1.1) → what YAML makes of it.
_KINDS: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}
_ANY = "any"
# In words: what was written, and what the chart takes.
_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
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

NEEDS_PROXY = ("gatewayAPI.enabled", "ingressController.enabled", "loadBalancer.l7.backend")
"""What the chart refuses to install without ``l7Proxy`` (templates/validate.yaml of 1.20)."""


@cache
def chart_facts(version: str) -> Facts:
    """The values that the chart of this version takes; empty for a version of which nothing is known."""
    file = files("meshstrap.compat") / "charts" / f"cilium-{version}.yaml"
    found: Facts = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def cilium_values_are_the_charts(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The chart takes each value, in its place and of its kind."""
    version, values = inventory.cilium.version, inventory.cilium.values
    facts = chart_facts(version)
    if facts:
        yield from _judged(values, facts, (), _Chart(version, facts, places))
        yield from _proxy_needed(values, places)


class _Chart:
    """What stays the same while a chart's values are looked through."""

    def __init__(self, version: str, facts: Facts, places: Places) -> None:
        self._name = f"the chart of Cilium {version}"
        self._paths = tuple(_paths(facts, ""))
        self._places = places

    def unknown(self, path: tuple[str, ...], known: Facts) -> Problem:
        """A name that the chart does not have there."""
        *_, name = path
        what = REMOVED.get(name) if len(path) == 1 else None
        message = f"{self._name} has no such value" + (
            f" any more: {what}" if what else f" and would ignore it{self._meant(name, known)}"
        )
        return self._places.problem(("cilium", "values", *path), message, at_key=True)

    def _meant(self, name: str, known: Facts) -> str:
        if name in self._paths:
            return f": values nest, so write {_nested(name)}"
        alike = [one for one in known if one.lower() == name.lower()]
        elsewhere = [one for one in self._paths if one.rpartition(".")[2].lower() == name.lower()]
        found = alike[0] if alike else elsewhere[0] if len(elsewhere) == 1 else closest(name, tuple(known))
        return f"; did you mean '{found}'?" if found else ""

    def wrong(self, path: tuple[str, ...], value: object, kinds: str, below: Facts) -> Problem:
        """A value of another kind than the chart takes."""
        taken = " or ".join(_WORDS[kind] for kind in kinds.split() if kind != "null")
        switch = isinstance(value, bool) and "enabled" in below
        hint = f": write {path[-1]}: {{enabled: {str(value).lower()}}}" if switch else ""
        message = f"this is {_kind_of(value)}, and {self._name} takes {taken}{hint}"
        return self._places.problem(("cilium", "values", *path), message)


def _judged(values: Mapping[str, Any], facts: Facts, path: tuple[str, ...], chart: _Chart) -> Iterator[Problem]:
    for name, value in values.items():
        here = (*path, str(name))
        if _is_protected(".".join(here), value):
            # Refused in words of its own.
            continue
        if name not in facts:
            yield chart.unknown(here, facts)
            continue
        fact = facts[name]
        kinds, below = ("object null", fact) if isinstance(fact, dict) else (str(fact), {})
        if not _is_one_of(value, kinds):
            yield chart.wrong(here, value, kinds, below)
        elif below and value:
            yield from _judged(value, below, here, chart)


def _is_protected(dotted: str, value: object) -> bool:
    replaced = not isinstance(value, Mapping) and any(one.startswith(f"{dotted}.") for one in CILIUM_VALUES)
    return replaced or dotted in CILIUM_VALUES


def _is_one_of(value: object, kinds: str) -> bool:
    if kinds == _ANY or value is None:
        # Helm takes a null for "without the chart's default".
        return True
    # In Python a truth value is a number as well.
    return any(
        isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds.split()
    )


def _kind_of(value: object) -> str:
    return next((_WORDS[kind] for kind in _KINDS if _is_one_of(value, kind)), type(value).__name__)


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


def _paths(facts: Facts, start: str) -> Iterator[str]:
    for name, below in facts.items():
        yield f"{start}{name}"
        if isinstance(below, dict):
            yield from _paths(below, f"{start}{name}.")


def _nested(dotted: str) -> str:
    first, _, rest = dotted.partition(".")
    return f"{first}: {{{_nested(rest)}}}" if rest else f"{first}: …"
