"""`python -m tests.bench cluster [ROUNDS] [--write]`: one run, one table; ``--write`` puts it into docs/costs.md."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.cluster.cluster import Cluster
from tests.cluster.supplies import Supplies, make_supplies
from tests.cluster.versions import this_machine
from tests.lab.conftest import CACHE
from tests.lab.node import status
from tests.lab.process import LabError
from tests.lab.turn import busy_share
from tests.lab.twice import watch

from .bringup import BringUp, bring_up
from .downloads import downloaded
from .figures import Figures, keep, path_headings, path_rows, rows
from .guide import GuideCluster
from .memory import memory_by_program
from .paths import measure_paths

# What the accounts download at, Mbit/s: as fast as this machine is, and what many a path to a mirror gives. The latter
# is chosen, not measured; the names are those of the figures. The last one's cluster is asked the rest.
LINKS = {" at 200 Mbit/s": 200, "": 0}

NOTE = """
ratio: meshstrap's against the guide's, a path's against the bare tailnet's. For memory and downloads it is the sum.
Medians of {rounds} bring-ups each and of 3 measurements of each path, in alternation, in one run.
the CPUs before it began: busy for {busy:.0%} of ten seconds. The way of meshstrap's first cluster:
"""


def main(words: list[str]) -> None:
    """Measure and print; nothing is asserted about seconds."""
    screen = Screen()
    if os.geteuid() != 0:
        screen.say("The cluster lab needs root.")
        return
    rounds = next((int(word) for word in words if word.isdigit()), 1)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        supplies = make_supplies(Path(name) / "web", CACHE)
        _warm(supplies.folder, supplies.registry)
        busy = busy_share()
        figures, timeline = measure(Path(name), supplies, rounds, busy)
    for headings, lines in (
        (("what", "#ratio", "figures"), rows(figures)),
        (path_headings(figures), path_rows(figures)),
    ):
        table = new_table(*headings)
        for row in lines:
            table.add_row(*row)
        screen.show(table)
    screen.say(NOTE.format(rounds=rounds, busy=busy))
    screen.say("\n".join(timeline))
    if "--write" in words:
        keep(figures)
        screen.say("\ndocs/costs.md and docs/costs.ko.md have these figures now.")


def _warm(*folders: Path) -> None:
    """Read what will be served once, so that the first cluster does not pay for a cold disk."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    while file.read(1 << 24):
                        pass


def measure(folder: Path, supplies: Supplies, rounds: int, busy: float) -> tuple[Figures, list[str]]:
    """Both ways in alternation; what is asked of a cluster is asked of the last one of meshstrap's."""
    seconds: dict[str, list[float]] = {}
    for number, (link, megabits) in itertools.product(range(rounds), LINKS.items()):
        place = folder / f"{number}-{megabits}"
        with bring_up(GuideCluster, supplies, place / "guide", megabits) as guide:
            _note(seconds, guide, f"{link} by the guide")
        with bring_up(Cluster, supplies, place / "meshstrap", megabits) as ours:
            _note(seconds, ours, link)
            if number + 1 == rounds and not megabits:
                return _ask(ours.cluster, seconds, busy), list(ours.cluster.timeline.table())
    raise LabError("no round was measured")


def _note(seconds: dict[str, list[float]], found: BringUp, by: str) -> None:
    seconds.setdefault(f"ready{by}", []).append(found.ready)
    seconds.setdefault(f"names{by}", []).append(found.names)


def _ask(cluster: Cluster, brought_up: dict[str, list[float]], busy: float) -> Figures:
    cluster.wait_converged()
    nodes = ("cp1", "w1")
    downloads = {node: downloaded(cluster.machines[node].account) for node in nodes}
    memory = {node: memory_by_program(cluster.machines[node]) for node in nodes}
    seconds = {name: statistics.median(values) for name, values in brought_up.items()}
    changes = {}
    for node in nodes:
        seconds[f"{node} first"] = sum(step["seconds"] for step in status(cluster.machines[node])["steps"])
        run = watch(cluster.machines[node])
        run.result.check()
        seconds[f"{node} again"] = run.seconds
        changes[node] = _count(run.levels.values()) + len(run.restarted)
    machine = this_machine()
    return Figures(
        day=datetime.now(UTC).date().isoformat(),
        machine=", ".join((f"Linux {machine['Linux']}", machine["processor"], machine["memory"])),
        busy=round(busy, 2),
        seconds={name: round(value, 2) for name, value in seconds.items()},
        changes=changes,
        paths={
            path: {end: {name: round(value, 3) for name, value in speed.items()} for end, speed in speeds.items()}
            for path, speeds in measure_paths(cluster, cluster.supplies.probe_image).items()
        },
        memory={node: {name: round(size, 1) for name, size in said.items()} for node, said in memory.items()},
        bytes=downloads,
    )


def _count(levels: Iterable[str]) -> int:
    return sum(level == "changed" for level in levels)
