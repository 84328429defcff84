"""The figures of one run: kept as a file, shown as one table, and written into docs/costs.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tests.readme import say, write_part

from .said import measured, table

MEASURED = Path(__file__).with_name("measured.json")
PART = "cost"


@dataclass(frozen=True)
class Figures:
    """``seconds``: bring-up and runs; ``verify``: those of one host and of ten, by what the machines have.

    ``memory`` MiB and ``bytes`` by node.
    ``busy``: the share of the CPUs that other work took just before.
    """

    day: str
    machine: str
    busy: float
    seconds: dict[str, float]
    changes: dict[str, int]
    verify: dict[str, tuple[float, float]]
    memory: dict[str, dict[str, float]]
    bytes: dict[str, dict[str, int]]


Row = tuple[str, str, str]


def rows(figures: Figures, language: str = "en") -> Iterator[Row]:
    """What, ratio, and the figures that it is made of; the words are those of tests/readme.yaml."""
    yield from _seconds(figures, language)
    yield from _verify(figures, language)
    yield from _memory(figures, language)
    yield from _bytes(figures, language)


def _seconds(figures: Figures, language: str) -> Iterator[Row]:
    said = figures.seconds
    for name in ("ready", "names", "ready at 200 Mbit/s", "names at 200 Mbit/s"):
        ours, guide = said[name], said[f"{name} by the guide"]
        yield say(name, language), f"{ours / guide:.2f}", f"{ours:.0f} s, {guide:.0f} s"
    for node in ("cp1", "w1"):
        again, first = said[f"{node} again"], said[f"{node} first"]
        title = say("again", language, node=node, changes=figures.changes[node])
        yield title, f"{again / first:.3f}", f"{again:.1f} s, {first:.0f} s"


def _verify(figures: Figures, language: str) -> Iterator[Row]:
    for has, (one, ten) in figures.verify.items():
        yield say(f"verify, {has}", language), f"{ten / one:.2f}", f"{ten:.1f} s, {one:.1f} s"


def _memory(figures: Figures, language: str) -> Iterator[Row]:
    for node, programs in figures.memory.items():
        largest = sorted(programs.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{name} {size:.0f}" for name, size in largest if size >= 1)
        yield say("memory", language, node=node), f"{sum(programs.values()):.0f}", parts


def _bytes(figures: Figures, language: str) -> Iterator[Row]:
    for node, parts in figures.bytes.items():
        said = ", ".join(f"{say(name, language)} {count / 1e6:.0f}" for name, count in parts.items())
        yield say("downloaded", language, node=node), f"{sum(parts.values()) / 1e6:.0f}", said


def markdown(figures: Figures, language: str = "en") -> str:
    """The first block of docs/costs.md."""
    headings = tuple(say(name, language) for name in ("what", "ratio", "figures"))
    return f"{measured(figures, language)}\n\n{table(headings, *rows(figures, language))}"


def read_figures(path: Path = MEASURED) -> Figures:
    """The figures as kept."""
    return Figures(**json.loads(path.read_text(encoding="utf-8")))


def keep(figures: Figures) -> None:
    """Keep them, and write the block anew in each language."""
    MEASURED.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    write_part(PART, partial(markdown, figures))
