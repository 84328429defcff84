"""What a node says of itself in its status file, as far as a verification goes by it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshstrap.fleet.answers import CannotTell

CONVERGED = "converged"
_REACHED = ("ok", "changed")


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """``state``: running, waiting, failed or converged. ``steps``: what each step says. ``next``: what a person can do.

    ``started``: when the run began, RFC 3339 in UTC.
    """

    node: str
    role: str
    state: str
    step: str
    message: str
    next: str
    started: str
    steps: Mapping[str, str]

    def has_reached(self, names: Sequence[str]) -> bool:
        """Whether one of these steps holds, as far as the node knows."""
        return self.state == CONVERGED or any(self.steps.get(name) in _REACHED for name in names)

    def __str__(self) -> str:
        where = "" if self.step == "-" else f" at {self.step}"
        return f"{self.state}{where}: {self.message}"


def parse_status(text: str) -> NodeStatus:
    """A status file's text; :class:`CannotTell` when it is not one."""
    try:
        told = json.loads(text)
        return NodeStatus(
            node=str(told["node"]),
            role=str(told["role"]),
            state=str(told["state"]),
            step=str(told["step"]),
            message=str(told["message"]),
            next=str(told["next"]),
            started=str(told["started"]),
            steps={str(step["name"]): str(step["state"]) for step in told["steps"]},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CannotTell(f"the status file cannot be read: {type(error).__name__}: {error}") from error
