"""The figures of one run: kept as a file, shown as one table, and written into the README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

MEASURED = Path(__file__).with_name("measured.json")
README = Path(__file__).resolve().parents[3] / "README.md"
PLACE = re.compile(r"(?<=<!-- cost -->\n).*?(?=<!-- /cost -->)", re.DOTALL)

# Above this much work of others before it began, a run's seconds say little, and its ratios less than they should.
BUSY_PER_CPU = 0.25


@dataclass(frozen=True)
class Figures:
    """``seconds``: bring-up and runs; ``megabits``, ``milliseconds``: by path; ``memory`` MiB and ``bytes`` by node."""

    day: str
    machine: str
    load_per_cpu: float
    seconds: dict[str, float]
    changes: dict[str, int]
    megabits: dict[str, dict[str, float]]
    milliseconds: dict[str, float]
    memory: dict[str, dict[str, float]]
    bytes: dict[str, dict[str, int]]


Row = tuple[str, str, str]


def rows(figures: Figures) -> Iterator[Row]:
    """What, ratio, and the figures that it is made of."""
    yield from _seconds(figures)
    yield from _paths(figures)
    yield from _memory(figures)
    yield from _bytes(figures)


def _seconds(figures: Figures) -> Iterator[Row]:
    said = figures.seconds
    for name, title in (
        ("ready", "first boot to all nodes Ready, against the guide's commands without pauses"),
        ("names", "the same until cluster names are resolved"),
    ):
        ours, guide = said[name], said[f"{name} by the guide"]
        yield title, f"{ours / guide:.2f}", f"{ours:.0f} s, {guide:.0f} s"
    for node in ("cp1", "w1"):
        again, first = said[f"{node} again"], said[f"{node} first"]
        yield (
            f"a second run on {node} against its first: {figures.changes[node]} changes",
            f"{again / first:.3f}",
            f"{again:.1f} s, {first:.0f} s",
        )


def _paths(figures: Figures) -> Iterator[Row]:
    pods, *others = figures.megabits
    for other in others:
        for way, ours in figures.megabits[pods].items():
            streams, _, back = way.partition(" ")
            theirs = figures.megabits[other][way]
            title = f"throughput, {pods} against {other}, {streams} TCP stream{'s' * (streams != '1')}"
            yield f"{title}{', reverse' if back else ''}", f"{ours / theirs:.3f}", f"{ours:.0f}, {theirs:.0f} Mbit/s"
        ours, theirs = figures.milliseconds[pods], figures.milliseconds[other]
        yield f"idle ping, {pods} against {other}", f"{ours / theirs:.1f}", f"{ours:.2f}, {theirs:.2f} ms"


def _memory(figures: Figures) -> Iterator[Row]:
    for node, programs in figures.memory.items():
        largest = sorted(programs.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{name} {size:.0f}" for name, size in largest if size >= 1)
        yield f"memory of {node}, MiB", f"{sum(programs.values()):.0f}", parts


def _bytes(figures: Figures) -> Iterator[Row]:
    for node, parts in figures.bytes.items():
        said = ", ".join(f"{name} {count / 1e6:.0f}" for name, count in parts.items())
        yield f"downloaded by {node}, MB", f"{sum(parts.values()) / 1e6:.0f}", said


def markdown(figures: Figures) -> str:
    """The README's block."""
    busy = figures.load_per_cpu > BUSY_PER_CPU
    warning = (
        f" **Other work loaded that machine ({figures.load_per_cpu:.1f} processes a CPU): a rehearsal.**"
        if busy
        else ""
    )
    table = "".join(
        f"| {' | '.join(row)} |\n" for row in (("what", "ratio or sum", "figures"), ("---",) * 3, *rows(figures))
    )
    return f"Measured on {figures.day} on one machine, {figures.machine}, with all nodes on it.{warning}\n\n{table}"


def read_figures(path: Path = MEASURED) -> Figures:
    """The figures as kept."""
    return Figures(**json.loads(path.read_text(encoding="utf-8")))


def keep(figures: Figures) -> None:
    """Keep them, and write the README's block anew."""
    MEASURED.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(PLACE.sub(lambda _: markdown(figures), text), encoding="utf-8")
