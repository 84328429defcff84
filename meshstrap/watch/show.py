"""How a person or a program follows the nodes: a live table, lines, or JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from meshstrap.views.screen import Screen
from meshstrap.watch.following import Read, follow_nodes, read_once
from meshstrap.watch.reading import Clock
from meshstrap.watch.sight import UNREACHABLE, Sight
from meshstrap.watch.table import change_line, summary, urgent_first, watch_table

_HEAD_LINES = 4


class Watch:
    """What was last seen of each node."""

    def __init__(self, screen: Screen, nodes: Sequence[str], read: Read, now: Clock) -> None:
        self.screen = screen
        self.nodes = tuple(nodes)
        self.read = read
        self.now = now
        self.sights = {node: Sight(node=node) for node in nodes}

    def once(self, *, as_json: bool) -> None:
        """Look at every node once and print it: a table, or one JSON list."""
        asyncio.run(read_once(self.nodes, self.read, self._keep))
        if as_json:
            self.screen.say(json.dumps([sight.json() for sight in self.sights.values()], indent=2))
        else:
            self.screen.show(watch_table([*self.sights.values()], self.now()))
            self.screen.say(f"\n{summary(self.sights.values())}")

    @property
    def all_answered(self) -> bool:
        """Whether the way to every node led there; what the node then said is another question."""
        return all(sight.state != UNREACHABLE for sight in self.sights.values())

    def follow(self, *, as_json: bool, pause: float) -> None:
        """Follow the nodes until all have converged: live on a terminal, else a line for each change."""
        if self.screen.out.is_terminal and not as_json:
            self._live(pause)
            return

        def told(sight: Sight) -> None:
            if not sight.says_as(self.sights[sight.node]):
                self.screen.say(json.dumps(sight.json()) if as_json else change_line(sight))
            self._keep(sight)

        asyncio.run(follow_nodes(self.nodes, self.read, told, pause=pause))

    def _live(self, pause: float) -> None:
        # The terminal's own thread redraws once a second, so that the times go on between two looks.
        with Live(get_renderable=self._picture, console=self.screen.out, refresh_per_second=1):
            asyncio.run(follow_nodes(self.nodes, self.read, self._keep, pause=pause))

    def _picture(self) -> RenderableType:
        sights, now = [*self.sights.values()], self.now()
        if len(sights) > self.screen.out.height - _HEAD_LINES:
            sights = urgent_first(sights)
        head = Text(f"{now:%H:%M:%S} UTC  {summary(sights)}  (Ctrl-C ends)", style="dim")
        return Group(head, self.screen.fitted(watch_table(sights, now)))

    def _keep(self, sight: Sight) -> None:
        self.sights[sight.node] = sight
