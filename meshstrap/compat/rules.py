"""The data held against an inventory: what is refused."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.compat.arguments import arguments_are_known
from meshstrap.compat.chart_values import cilium_values_are_the_charts
from meshstrap.compat.conditions import PLACES, words_of
from meshstrap.compat.data import Defaults, load_collisions, load_data
from meshstrap.compat.feature_gates import feature_gates_are_known
from meshstrap.compat.kubelet_fields import kubelet_fields_are_known
from meshstrap.compat.profile import REFUSED, sentence, state_of
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.partial import as_far_as_usable


def defaults() -> Defaults:
    """The versions that a node gets when the inventory says nothing."""
    return load_data().defaults


def nothing_known_collides(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """No combination of versions that is known not to work."""
    for entry in load_collisions():
        with as_far_as_usable():
            if state_of(entry, inventory) == REFUSED:
                involved = [PLACES[part] for part in entry.when.parts]
                message = sentence(entry, words_of(entry.when, inventory))
                yield places.problem(places.later(*involved), message)


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


RULES = (
    nothing_known_collides,
    helm_is_pinned,
    cilium_chart_is_pinned,
    cilium_values_are_the_charts,
    kubelet_fields_are_known,
    arguments_are_known,
    feature_gates_are_known,
)


def version_rules(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Every rule about versions, as one rule for :func:`meshstrap.inventory.load_inventory`."""
    for rule in RULES:
        with as_far_as_usable():
            yield from rule(inventory, places)
