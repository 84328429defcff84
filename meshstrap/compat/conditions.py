"""Whether a collision concerns an inventory, and the words of its texts that come from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netaddr import IPNetwork

from meshstrap.compat.data import PARTS, Condition, load_data
from meshstrap.compat.downloads import pause_image
from meshstrap.compat.ranges import in_range
from meshstrap.inventory import Inventory, Node
from meshstrap.inventory.network import overlap
from meshstrap.inventory.tree import Path

PLACES: dict[str, Path] = {
    "kubernetes": ("cluster", "kubernetes_version"),
    "containerd": ("cluster", "containerd_version"),
    "tailscale": ("tailnet", "version"),
    "cilium": ("cilium", "version"),
    "helm": ("cluster", "helm_version"),
}
"""Where each part's version stands in the inventory."""

_DISTRIBUTIONS = {"ubuntu": "Ubuntu", "debian": "Debian", "oracle": "Oracle Linux"}
_UNSET: tuple[Any, ...] = (None, False, "", [], {})


def version_of(inventory: Inventory, part: str) -> str:
    """The version of one of :data:`~meshstrap.compat.data.PARTS`."""
    section, field = PLACES[part]
    return str(getattr(getattr(inventory, str(section)), str(field)))


def is_possible(condition: Condition, inventory: Inventory) -> bool:
    """Whether everything holds but what a person has to write to get into it."""
    return (
        all(in_range(version_of(inventory, part), getattr(condition, part)) for part in condition.parts)
        and (not condition.is_of_machines or any(concerns_node(condition, node) for node in inventory.nodes))
        and (not condition.coordination or bool(inventory.tailnet.login_server))
        and not (condition.untagged and inventory.tailnet.tags)
        and condition.routing in {"", inventory.cilium.routing}
        and (not condition.subnet or bool(overlapping(condition, inventory)))
    )


def is_asked_for(condition: Condition, inventory: Inventory) -> bool:
    """Whether the person has waived the check or set the value that leads into it; true when neither is named."""
    if condition.waived and condition.waived not in inventory.cluster.waive_machine:
        return False
    return not condition.cilium_values or bool(values_set(condition, inventory))


def concerns_node(condition: Condition, node: Node) -> bool:
    """Whether a node is of those systems, and has a block volume if that is asked."""
    if condition.systems and node.os not in condition.systems:
        return False
    return not condition.block_volume or node.block_volume is not None


def values_set(condition: Condition, inventory: Inventory) -> list[str]:
    """Which of the condition's Helm values the person has set; ``false`` and emptiness set nothing."""
    values = inventory.cilium.values if condition.cilium_values else {}
    return [path for path in condition.cilium_values if _at(values, path) not in _UNSET]


def overlapping(condition: Condition, inventory: Inventory) -> list[str]:
    """The cluster's subnets that overlap the condition's, each with its place."""
    subnets = {
        "cluster.pod_subnet": inventory.cluster.pod_subnet,
        "cluster.service_subnet": inventory.cluster.service_subnet,
    }
    other = IPNetwork(condition.subnet)
    return [f"{path}: {subnet}" for path, subnet in subnets.items() if overlap(subnet, other)]


def words_of(condition: Condition, inventory: Inventory) -> dict[str, str]:
    """What stands for the ``{placeholders}`` of a collision's texts, where it concerns the inventory."""
    paths = values_set(condition, inventory) or condition.cilium_values
    return {
        **{part: version_of(inventory, part) for part in condition.parts},
        "values": ", ".join(f"cilium.values.{path}" for path in paths),
        "subnets": ", ".join(overlapping(condition, inventory)) if condition.subnet else "",
    }


def words_in_general(condition: Condition) -> dict[str, str]:
    """The same where it does not: ranges in the place of versions."""
    return {
        **{part: getattr(condition, part) for part in condition.parts},
        "values": " or ".join(f"cilium.values.{path}" for path in condition.cilium_values),
        "subnets": "cluster.pod_subnet or cluster.service_subnet",
    }


def words_of_guards(inventory: Inventory) -> dict[str, str]:
    """What stands for the placeholders of the texts that are rendered."""
    return {
        "pod_subnet": str(inventory.cluster.pod_subnet),
        "pause": pause_image(inventory.cluster.kubernetes_version),
    }


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with its placeholders filled. Braces of any other kind are left alone: commands and YAML have some."""
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text


def affected(condition: Condition) -> tuple[str, ...]:
    """What a collision is between, for people: ``Tailscale >=1.98``, ``Linux <6.8.5``, ``Ubuntu``, ``debian-12`` …."""
    names = {part: part.capitalize() if part != "containerd" else part for part in PARTS} | {"kernel": "Linux"}
    spans = {name: getattr(condition, part) for part, name in names.items() if getattr(condition, part)}
    return (
        *(name if span == ">=0" else f"{name} {span}" for name, span in spans.items()),
        *_distributions(condition.systems),
        *(["Headscale"] if condition.coordination else []),
        *(["a block volume"] if condition.block_volume else []),
        *(["untagged nodes"] if condition.untagged else []),
        *([f"cilium.routing: {condition.routing}"] if condition.routing else []),
        *([condition.subnet] if condition.subnet else []),
        *(f"cilium.values.{path}" for path in condition.cilium_values if not spans),
    )


def _distributions(systems: tuple[str, ...]) -> Iterator[str]:
    """The systems; of a distribution whose versions are all among them, only its name."""
    versions: dict[str, list[str]] = {}
    for system in load_data().systems:
        versions.setdefault(system.partition("-")[0], []).append(system)
    for name, known in versions.items():
        found = [system for system in known if system in systems]
        yield from [_DISTRIBUTIONS[name]] if found == known else found


def _at(values: Mapping[str, Any], dotted: str) -> Any:
    value: Any = values
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
