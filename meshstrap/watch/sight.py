"""What was seen of one node at one moment, whether it answered or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from meshstrap.plan.names import LIFETIME_DAYS
from meshstrap.status import Status

NOT_SEEN = "…"
UNREACHABLE = "unreachable"
NO_RUN = "no run"
UNREADABLE = "unreadable"
STATES = ("failed", UNREACHABLE, UNREADABLE, "waiting", NO_RUN, NOT_SEEN, "running", "converged")
"""Every state, the ones that need a person first."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One row of the table. ``state``: the status's own, or one of the above; ``age``: how long it has been so.

    ``read``: when it was read, by this machine's clock. ``age`` is told by the node's clock alone. ``soon``: what of it
    ends within a month, and when, as in ``facts``.
    """

    node: str
    state: str = NOT_SEEN
    step: str = ""
    done: int = 0
    steps: int = 0
    tries: int = 0
    since: datetime | None = None
    age: timedelta | None = None
    message: str = ""
    next: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    soon: Mapping[str, str] = field(default_factory=dict)
    read: datetime | None = None

    @property
    def converged(self) -> bool:
        """Whether nothing is left to do."""
        return self.state == "converged"

    def says_as(self, other: Sight) -> bool:
        """Whether a person would learn nothing new: only times differ."""
        names = ("state", "step", "done", "tries", "message", "next", "soon")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def json(self) -> dict[str, Any]:
        """For programs: times as in status.json, ``age`` in seconds."""
        values = asdict(self) | {"age": None if self.age is None else int(self.age.total_seconds())}
        return {
            name: f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value
            for name, value in values.items()
        }


def sight_of(node: str, status: Status, node_clock: datetime, read: datetime) -> Sight:
    """What a status says. ``node_clock``: the node's own time when it was read, since clocks differ."""
    return Sight(
        node=node,
        state=status.state,
        step=status.step.strip("-"),
        done=status.done,
        steps=len(status.steps),
        tries=status.tries,
        since=status.since,
        age=max(timedelta(0), node_clock - status.since),
        message=status.message,
        next=status.next,
        facts=dict(status.facts),
        soon=_soon(status, node_clock),
        read=read,
    )


def _soon(status: Status, node_clock: datetime) -> dict[str, str]:
    """What ends within a month. A bootstrap token always does: it is good for a day."""
    until = node_clock + timedelta(days=LIFETIME_DAYS)
    ends = {name: end for name, end in status.ends.items() if not name.startswith("bootstrap-token-")}
    return {name: f"{end:%Y-%m-%dT%H:%M:%SZ}" for name, end in ends.items() if end < until}
