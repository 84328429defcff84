"""The order in which the machines come up: their steps side by side, and what waits for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshstrap.plan.machines import CONTROL_PLANE, ROLES, WORKER
from meshstrap.plan.model import Plan
from meshstrap.steps import catalogue

PHASES = {
    "phase_machine": "machine_supported",
    "phase_software": "trusted_ca",
    "phase_tailnet": "mesh_guards",
    "phase_kubernetes": "kubelet",
    "phase_network": "cilium",
    "phase_ready": "node_ready",
}
"""Each phase with its first step: it ends where the next begins."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What a step waits for: a word for it, the roles that wait, and the control plane's step if it is one."""

    key: str
    roles: tuple[str, ...] = ROLES
    step: str = ""


WAITS = {
    "block_volume": Wait(key="wait_volume"),
    "tailnet": Wait(key="wait_login"),
    "join": Wait(key="wait_control_plane", roles=(WORKER,), step="control_plane"),
    "node_ready": Wait(key="wait_network", roles=(WORKER,), step="cilium"),
}
"""The steps that wait for a person or for another machine (the calls of ``waiting`` and ``await`` in scripts/steps)."""


@dataclass(frozen=True, kw_only=True)
class BootStep:
    """One row: the step and the roles that have it; ``partial``: the roles of which only some nodes have it."""

    name: str
    phase: str
    roles: tuple[str, ...]
    partial: tuple[str, ...]
    wait: Wait | None


@dataclass(frozen=True, kw_only=True)
class BootOrder:
    """The rows, and the names of each role's nodes; a role without nodes is left out."""

    nodes: Mapping[str, tuple[str, ...]]
    steps: tuple[BootStep, ...]


def derive_boot_order(plan: Plan) -> BootOrder:
    """Every step that a node of this plan has, in the catalogue's order."""
    lanes = {role: [node for node in plan.nodes if node.role == role] for role in (CONTROL_PLANE, WORKER)}
    counts = {role: _counts([node.steps for node in nodes]) for role, nodes in lanes.items()}
    rows = []
    for step in catalogue():
        having = tuple(role for role in lanes if step.name in counts[role])
        if having:
            partial = tuple(role for role in having if counts[role][step.name] < len(lanes[role]))
            rows.append(
                BootStep(
                    name=step.name,
                    phase=phase_of(step.name),
                    roles=having,
                    partial=partial,
                    wait=_wait(step.name, having),
                )
            )
    names = {role: tuple(node.name for node in nodes) for role, nodes in lanes.items() if nodes}
    return BootOrder(nodes=names, steps=tuple(rows))


def phase_of(step: str) -> str:
    """The phase that a step of the catalogue belongs to."""
    order = [known.name for known in catalogue()]
    place = order.index(step)
    return [phase for phase, first in PHASES.items() if order.index(first) <= place][-1]


def _counts(steps: list[tuple[str, ...]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for names in steps:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _wait(step: str, roles: tuple[str, ...]) -> Wait | None:
    wait = WAITS.get(step)
    return wait if wait and set(wait.roles) & set(roles) else None
