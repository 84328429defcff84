"""What was seen, as a table for people and as lines for pipes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from meshstrap.views.tables import new_table
from meshstrap.watch.sight import STATES, Sight

_STYLES = {
    "converged": "green",
    "running": "cyan",
    "waiting": "yellow",
    "failed": "bold red",
    "unreachable": "red",
    "unreadable": "red",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def watch_table(sights: Sequence[Sight], now: datetime) -> Table:
    """One row a node. What is to be done stands below the message."""
    table = new_table("node", "state", "#steps", "step", "#try", "#since", "what it says, and what to do")
    for sight in sights:
        words = Text(sight.message)
        if sight.next:
            words.append(f"\n→ {sight.next}", style="bold")
        if sight.soon:
            words.append(f"\n{_soon(sight)}", style="yellow")
        table.add_row(
            sight.node,
            Text(sight.state, style=_STYLES.get(sight.state, "")),
            f"{sight.done}/{sight.steps}" if sight.steps else "",
            sight.step,
            str(sight.tries) if sight.tries else "",
            _age(sight, now),
            words,
        )
    return table


def summary(sights: Iterable[Sight]) -> str:
    """``2 waiting, 1 converged``: the ones that need a person first."""
    states = [sight.state for sight in sights]
    return ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)


def urgent_first(sights: Iterable[Sight]) -> list[Sight]:
    """For a table that is longer than the terminal: what needs a person at its top."""
    return sorted(sights, key=lambda sight: STATES.index(sight.state))


def change_line(sight: Sight) -> str:
    """One line of text for one change, for pipes and logs."""
    place = f" {sight.step} ({sight.done}/{sight.steps})" if sight.step else ""
    tries = f", try {sight.tries}" if sight.tries > 1 else ""
    to_do = f"; what to do: {sight.next}" if sight.next else ""
    soon = f"; {_soon(sight)}" if sight.soon else ""
    words = f"{sight.message}{to_do}{soon}".replace("\n", " ")
    return f"{sight.read:%Y-%m-%dT%H:%M:%SZ} {sight.node}: {sight.state}{place}{tries}: {words}"


def _soon(sight: Sight) -> str:
    """``ends soon: /etc/kubernetes/pki/ca.crt 2026-12-09``; ``invoke verify`` says what to do."""
    ends = sorted((end, name) for name, end in sight.soon.items())
    return "ends soon: " + ", ".join(f"{name} {end[:10]}" for end, name in ends)


def _age(sight: Sight, now: datetime) -> str:
    if sight.age is None:
        return ""
    passed = now - sight.read if sight.read else timedelta(0)
    return duration(sight.age + max(timedelta(0), passed))


def duration(span: timedelta) -> str:
    """``42s``, ``7m``, ``3h 5m`` or ``2d 4h``."""
    seconds = int(span.total_seconds())
    if seconds < _MINUTE:
        return f"{seconds}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h {seconds % _HOUR // _MINUTE}m"
    return f"{seconds // _DAY}d {seconds % _DAY // _HOUR}h"
