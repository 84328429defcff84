"""`python -m tests.bench cluster [ROUNDS]` and `paths`: one run, one table; ``--write`` puts it into docs/costs.md."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.bench import verify
from tests.cluster.cluster import Cluster
from tests.cluster.supplies import Supplies, make_supplies
from tests.cluster.versions import this_machine
from tests.lab.conftest import CACHE
from tests.lab.node import status
from tests.lab.process import LabError
from tests.lab.turn import busy_share
from tests.lab.twice import watch

from . import figures as costs
from . import path_figures
from .bringup import BringUp, bring_up
from .downloads import downloaded
from .figures import Figures
from .guide import GuideCluster
from .memory import memory_by_program
from .path_figures import PathFigures
from .paths import ROUNDS, measure_paths

# What the accounts download at, Mbit/s: as fast as this machine is, and what many a path to a mirror gives. The latter
# is chosen, not measured; the names are those of the figures. The last one's cluster is asked the rest.
LINKS = {" at 200 Mbit/s": 200, "": 0}

QUIET_SECONDS = 15
"""Seconds without a compiler and without a bootstrap token, after which a cluster is at rest: chosen, not measured."""

NOTE = """
ratio: meshstrap's against the guide's; below 1 is less time. For memory and downloads it is the sum. Medians of
{rounds} bring-ups each, in alternation, in one run.
the CPUs before it began: busy for {busy:.0%} of ten seconds. The way of meshstrap's first cluster:
"""
PATHS_NOTE = """
bold: a path's figure / the bare tailnet's, measured in alternation with it on one cluster; medians of {rounds}.
the CPUs before it began: busy for {busy:.0%} of ten seconds.
"""
WRITTEN = "\ndocs/costs.md and docs/costs.ko.md have these figures now."


def main(words: list[str]) -> None:
    """Measure bring-ups and what a cluster costs, and print; nothing is asserted about seconds."""
    rounds = next((int(word) for word in words if word.isdigit()), 1)
    with _prepared() as (screen, folder, supplies, busy):
        figures, timeline = measure(folder, supplies, rounds, busy)
        hosts = verify.measure(folder / "verify", verify.ROUNDS)
        figures = replace(figures, verify={has: (round(one, 2), round(ten, 2)) for has, (one, ten) in hosts.items()})
        _show(screen, ("what", "#ratio", "figures"), costs.rows(figures))
        screen.say(NOTE.format(rounds=rounds, busy=busy))
        screen.say("\n".join(timeline))
        if "--write" in words:
            costs.keep(figures)
            screen.say(WRITTEN)


def paths(words: list[str]) -> None:
    """Measure the ways of pods' packets on one cluster, and print."""
    with _prepared() as (screen, folder, supplies, busy):
        with bring_up(Cluster, supplies, folder / "meshstrap", 0) as found:
            found.cluster.wait_converged()
            measured = measure_paths(found.cluster, supplies.probe_image)
        figures = PathFigures(**_run(busy), paths=_rounded(measured))
        _show(screen, path_figures.headings(figures), path_figures.rows(figures))
        screen.say(PATHS_NOTE.format(rounds=ROUNDS, busy=busy))
        if "--write" in words:
            path_figures.keep(figures)
            screen.say(WRITTEN)


@contextmanager
def _prepared() -> Iterator[tuple[Screen, Path, Supplies, float]]:
    screen = Screen()
    if os.geteuid() != 0:
        raise SystemExit("The cluster lab needs root.")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        supplies = make_supplies(Path(name) / "web", CACHE)
        _warm(supplies.folder, supplies.registry)
        yield screen, Path(name), supplies, busy_share()


def _show(screen: Screen, headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    table = new_table(*headings)
    for row in rows:
        table.add_row(*row)
    screen.show(table)


def _rounded(paths: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    return {
        path: {end: {name: round(value, 3) for name, value in speed.items()} for end, speed in speeds.items()}
        for path, speeds in paths.items()
    }


def _run(busy: float) -> dict[str, Any]:
    machine = this_machine()
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "machine": ", ".join((f"Linux {machine['Linux']}", machine["processor"], machine["memory"])),
        "busy": round(busy, 2),
    }


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
    _wait_for_rest(cluster)
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
    return Figures(
        **_run(busy),
        seconds={name: round(value, 2) for name, value in seconds.items()},
        changes=changes,
        verify={},
        memory={node: {name: round(size, 1) for name, size in said.items()} for node, said in memory.items()},
        bytes=downloads,
    )


def _wait_for_rest(cluster: Cluster) -> None:
    """Until no node compiles Cilium's programs and the control plane looks for no worker any more."""
    last = time.monotonic()
    while time.monotonic() - last < QUIET_SECONDS:
        if any(machine.run("pgrep", "clang").code == 0 for machine in cluster.machines.values()) or (
            cluster.machines["cp1"].run("systemctl", "is-active", "meshstrap-tokens.timer").code == 0
        ):
            last = time.monotonic()
        time.sleep(1)


def _count(levels: Iterable[str]) -> int:
    return sum(level == "changed" for level in levels)
