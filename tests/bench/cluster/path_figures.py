"""What pods' packets were measured to take on each way: kept as a file, shown, and written into docs/costs.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tests.readme import say, write_part

from .said import measured, table

MEASURED = Path(__file__).with_name("measured_paths.json")
PART = "paths"


@dataclass(frozen=True)
class PathFigures:
    """``paths``: path → ``ours`` and ``tailnet`` → a speed as :mod:`tests.bench.cluster.paths` has it.

    ``busy``: the share of the CPUs that other work took just before.
    """

    day: str
    machine: str
    busy: float
    paths: dict[str, dict[str, dict[str, float]]]


def rows(figures: PathFigures, language: str = "en") -> Iterator[tuple[str, ...]]:
    """What was measured, and for each path its ratio to the bare tailnet with the figures that it is made of."""
    names = next(iter(figures.paths.values()))["ours"]
    for name in names:
        cells = (_cell(speeds["ours"][name], speeds["tailnet"][name]) for speeds in figures.paths.values())
        yield say(f"path {name}", language), *cells


def _cell(ours: float, theirs: float) -> str:
    digits = 0 if max(ours, theirs) >= 100 else 2
    return f"**{ours / theirs:.2f}**: {ours:,.{digits}f} / {theirs:,.{digits}f}"


def headings(figures: PathFigures, language: str = "en") -> tuple[str, ...]:
    """Above :func:`rows`."""
    return say("what", language), *(say(path, language) for path in figures.paths)


def markdown(figures: PathFigures, language: str = "en") -> str:
    """The block of docs/costs.md that compares the ways."""
    return f"{measured(figures, language)}\n\n{table(headings(figures, language), *rows(figures, language))}"


def read_figures(path: Path = MEASURED) -> PathFigures:
    """The figures as kept."""
    return PathFigures(**json.loads(path.read_text(encoding="utf-8")))


def keep(figures: PathFigures) -> None:
    """Keep them, and write the block anew in each language."""
    MEASURED.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    write_part(PART, partial(markdown, figures))
