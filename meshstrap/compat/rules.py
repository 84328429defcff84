"""The data file's combinations held against an inventory: what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from meshstrap.compat.data import PARTS, Combination, Condition, Defaults, load_data
from meshstrap.compat.ranges import in_range, minor, version_parts
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.section import Unusable
from meshstrap.inventory.tree import Path

PLACES: dict[str, Path] = {
    "kubernetes": ("cluster", "kubernetes_version"),
    "containerd": ("cluster", "containerd_version"),
    "tailscale": ("tailnet", "version"),
    "cilium": ("cilium", "version"),
    "helm": ("cluster", "helm_version"),
}
"""Where each part's version stands in the inventory."""


def defaults() -> Defaults:
    """The versions that a node gets when the inventory says nothing."""
    return load_data().defaults


def versions_of(inventory: Inventory) -> dict[str, str]:
    """The version of every part, by its name."""
    return {part: _version(inventory, part) for part in PARTS}


def _version(inventory: Inventory, part: str) -> str:
    section, field = PLACES[part]
    return str(getattr(getattr(inventory, str(section)), str(field)))


def combinations_are_good(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """No combination of versions that is known not to work."""
    for entry in _entries(inventory, "refuse"):
        involved = [PLACES[part] for part in entry.when.parts]
        written = [path for path in involved if places.find(path) is not None]
        yield places.problem(places.later(*(written or involved)), _text(entry, inventory))


def helm_is_pinned(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Helm's archive has a checksum for the control plane's architecture."""
    version = inventory.cluster.helm_version
    known = load_data().helm.sha256
    for node in inventory.nodes:
        if node.role == "control-plane" and version not in known and not getattr(inventory.sources.helm, node.arch):
            message = (
                f"no checksum is known for Helm {version} on {node.arch}; give sources.helm.{node.arch} with url and "
                f"sha256, or choose {', '.join(known)}"
            )
            yield places.problem(PLACES["helm"], message)


def cilium_chart_is_pinned(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Cilium's chart has a checksum."""
    version = inventory.cilium.version
    known = load_data().cilium_chart.sha256
    if version not in known and inventory.sources.cilium_chart is None:
        message = (
            f"no checksum is known for the chart of Cilium {version}; give sources.cilium_chart with url and sha256, "
            f"or choose {', '.join(known)}"
        )
        yield places.problem(PLACES["cilium"], message)


RULES = (combinations_are_good, helm_is_pinned, cilium_chart_is_pinned)


def version_rules(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Every rule about versions, as one rule for :func:`meshstrap.inventory.load_inventory`."""
    for rule in RULES:
        with suppress(Unusable):
            yield from rule(inventory, places)


def version_warnings(inventory: Inventory) -> Iterator[str]:
    """Combinations that work, but with something that one should know; and versions newer than this file."""
    for entry in _entries(inventory, "warn"):
        yield _text(entry, inventory)
    yield from _newer_than_known(inventory)


def _newer_than_known(inventory: Inventory) -> Iterator[str]:
    for part, version in versions_of(inventory).items():
        first, last = load_data().known[part]
        if version_parts(minor(version)) > version_parts(last):
            path = ".".join(str(key) for key in PLACES[part])
            yield f"{path}: {version} is newer than what meshstrap knows ({first} to {last}) and has not been tried"


def _entries(inventory: Inventory, severity: str) -> Iterator[Combination]:
    for entry in load_data().combinations:
        with suppress(Unusable):
            if entry.severity == severity and _holds(entry.when, inventory):
                yield entry


def _holds(condition: Condition, inventory: Inventory) -> bool:
    if not all(in_range(_version(inventory, part), getattr(condition, part)) for part in condition.parts):
        return False
    if condition.waived and condition.waived not in inventory.cluster.waive_machine:
        return False
    return not condition.cilium_values or bool(_switched_on(condition, inventory))


def _switched_on(condition: Condition, inventory: Inventory) -> list[str]:
    values = inventory.cilium.values if condition.cilium_values else {}
    return [path for path in condition.cilium_values if _at(values, path) is True]


def _at(values: Mapping[str, Any], dotted: str) -> Any:
    value: Any = values
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(entry: Combination, inventory: Inventory) -> str:
    switched_on = ", ".join(f"cilium.values.{path}" for path in _switched_on(entry.when, inventory))
    facts = {**{part: _version(inventory, part) for part in entry.when.parts}, "values": switched_on}
    symptom, what_to_do = (_fill(text, facts) for text in (entry.symptom, entry.what_to_do))
    return f"{symptom}: {entry.why}; {what_to_do} ({entry.link})"


def _fill(text: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    return text
