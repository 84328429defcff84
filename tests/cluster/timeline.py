"""When each step of each node began and held, seen from outside while the nodes work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Span:
    """One step of one node; seconds since the first machine got power."""

    began: float
    held: float = 0.0


@dataclass
class Timeline:
    """What has been seen so far."""

    start: float = field(default_factory=time.monotonic)
    spans: dict[str, dict[str, Span]] = field(default_factory=dict)
    powered: dict[str, float] = field(default_factory=dict)
    waited: dict[str, list[str]] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.start

    def power_on(self, node: str) -> None:
        """A node gets power."""
        self.powered[node] = self.now()

    def look(self, node: str, state: Mapping[str, Any]) -> None:
        """Take note of what a node says of itself."""
        now, spans = self.now(), self.spans.setdefault(node, {})
        for step in state.get("steps", []):
            if step["state"] == "pending":
                continue
            span = spans.setdefault(step["name"], Span(now))
            if step["state"] in {"ok", "changed"} and not span.held:
                span.held = now
        message = f"{state.get('step')}: {state.get('message')}"
        said = self.waited.setdefault(node, [])
        if state.get("state") == "waiting" and message not in said:
            said.append(message)

    def table(self) -> Iterator[str]:
        """A line per node and step: when it began, when it held, how long that took."""
        for node, spans in self.spans.items():
            yield f"{node}: power at {self.powered.get(node, 0.0):.0f} s"
            for name, span in spans.items():
                held = f"{span.held:6.0f} {span.held - span.began:6.0f}" if span.held else "     -      -"
                yield f"  {name:<18} {span.began:6.0f} {held}"
            for message in self.waited.get(node, []):
                yield f"  waited: {message}"
