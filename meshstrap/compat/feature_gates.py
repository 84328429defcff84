"""Feature gates held against those of Kubernetes' programs: one that a program does not take keeps it from starting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from meshstrap.compat.data import facts_of
from meshstrap.compat.ranges import minor
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_components import PROGRAMS, components
from meshstrap.inventory.tree import Path, format_path
from meshstrap.inventory.values import closest

ARGUMENT, FIELD = "feature-gates", "featureGates"
ALL_OF = {"AllAlpha": "alpha", "AllBeta": "beta"}
"""Gate → the stage of those that it switches where nothing else is said of them."""

# The name under which each of these programs has its gates (k8s.io/component-base/compatibility/registry.go).
_OWN = "kube:"
# Go's strconv.ParseBool.
_TRUE, _FALSE = "1 t T TRUE true True".split(), "0 f F FALSE false False".split()


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate in one minor version. ``needs``: gates that are on with it, or it is off; ``not_in``: who has it not."""

    stage: str
    default: bool
    locked: bool = False
    needs: Sequence[str] = ()
    not_in: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a program is told at ``path``, beside what it is told ``elsewhere``.

    ``apart``: each gate has a place of its own, the path with its name.
    """

    program: str
    path: Path
    gates: Mapping[str, bool]
    elsewhere: Mapping[str, bool]
    apart: bool

    def problem(self, places: Places, name: str, message: str) -> Problem:
        """A problem with that gate."""
        path = (*self.path, name) if self.apart else self.path
        return places.problem(path, message, at_key=self.apart)


@cache
def gates_of(kubernetes_minor: str) -> Mapping[str, Gate]:
    """Every gate of a minor version by its name; empty for a version of which nothing is known."""
    return {name: Gate(**gate) for name, gate in facts_of("feature_gates", kubernetes_minor).items()}


def feature_gates_are_known(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The program has each gate, lets it be set, and finds on what that needs."""
    version = minor(inventory.cluster.kubernetes_version)
    for told, unread in _told(inventory):
        known = gates_of(version)
        for item in unread:
            message = f"'{item}' is not NAME=true or NAME=false: {told.program} would not start"
            yield told.problem(places, "", message)
        for name, wish in told.gates.items() if known else ():
            gate = known.get(name)
            if gate is None or told.program in gate.not_in:
                lacks = f"{told.program} {version} has no feature gate {name}, and would not start{_meant(name, known)}"
                yield told.problem(places, name, lacks)
            elif gate.locked and wish != gate.default:
                default = str(gate.default).lower()
                locked = f"{told.program} {version} has locked {name} to {default}, and would not start; remove it"
                yield told.problem(places, name, locked)
        yield from _needs(told, known, places)


def alpha_gates(inventory: Inventory) -> Iterator[str]:
    """A sentence for each place that switches on what may change or go with any version."""
    version = minor(inventory.cluster.kubernetes_version)
    for told, _ in _told(inventory):
        known = gates_of(version)
        names = [name for name, wish in told.gates.items() if wish and name in known and known[name].stage == "alpha"]
        if names:
            yield (
                f"{format_path(told.path)}: {', '.join(names)}: alpha in Kubernetes {version}; it may change or go "
                "with any version, and so may what was made with it"
            )


def _told(inventory: Inventory) -> Iterator[tuple[Told, list[str]]]:
    """Whoever is told gates, and what of it cannot be read."""
    for key, component, _ in components(inventory):
        # A program that is told to behave as an older version has the gates of that one.
        if ARGUMENT in component.arguments and "emulated-version" not in component.arguments:
            gates, unread = _parsed(component.arguments[ARGUMENT])
            path: Path = ("cluster", key, "arguments", ARGUMENT)
            yield Told(program=PROGRAMS[key], path=path, gates=gates, elsewhere={}, apart=False), unread
    everywhere = _switches(inventory.cluster.kubelet.get(FIELD))
    if everywhere:
        yield (
            Told(program="kubelet", path=("cluster", "kubelet", FIELD), gates=everywhere, elsewhere={}, apart=True),
            [],
        )
    for index, node in enumerate(inventory.nodes):
        own = _switches(node.kubelet.get(FIELD))
        if own:
            path = ("nodes", index, "kubelet", FIELD)
            yield Told(program="kubelet", path=path, gates=own, elsewhere=everywhere, apart=True), []


def _parsed(text: str) -> tuple[dict[str, bool], list[str]]:
    """The gates of an argument, and what of it is none."""
    gates, unread = {}, []
    for item in filter(None, map(str.strip, text.split(","))):
        name, _, word = (part.strip() for part in item.removeprefix(_OWN).partition("="))
        if word in (*_TRUE, *_FALSE) and ":" not in name:
            gates[name] = word in _TRUE
        else:
            unread.append(item)
    return gates, unread


def _switches(value: object) -> dict[str, bool]:
    """The gates of a kubelet's field; of what is none, kubelet_fields speaks."""
    return {str(name): on for name, on in value.items() if isinstance(on, bool)} if isinstance(value, Mapping) else {}


def _needs(told: Told, known: Mapping[str, Gate], places: Places) -> Iterator[Problem]:
    """Only what has to do with what is told here."""
    on = _on(known, {**told.elsewhere, **told.gates})
    for name in sorted(on):
        off = [needed for needed in known[name].needs if needed not in on]
        blamed = next((one for one in (name, *off) if one in told.gates), None)
        if off and blamed:
            needs = f"{name} is on and needs {' and '.join(off)}, which {'are' if len(off) > 1 else 'is'} off"
            yield told.problem(places, blamed, f"{needs}: {told.program} would not start")


def _on(known: Mapping[str, Gate], wishes: Mapping[str, bool]) -> set[str]:
    stages = {stage: wishes[name] for name, stage in ALL_OF.items() if name in wishes}
    free = {name: wishes.get(name, stages.get(gate.stage, gate.default)) for name, gate in known.items()}
    return {name for name, gate in known.items() if (gate.default if gate.locked else free[name])}


def _meant(name: str, known: Mapping[str, Gate]) -> str:
    names = {one.lower(): one for one in known}
    found = names.get(closest(name, tuple(names)))
    return f"; did you mean '{found}'?" if found else "; remove it"
