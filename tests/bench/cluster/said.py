"""What stands above and in a table of figures, in every language."""

from __future__ import annotations

from typing import Protocol

from tests.lab.turn import BUSY
from tests.readme import say


class Run(Protocol):
    """When, on what, and beside how much other work something was measured."""

    @property
    def day(self) -> str: ...

    @property
    def machine(self) -> str: ...

    @property
    def busy(self) -> float: ...


def measured(run: Run, language: str) -> str:
    """The line above a table."""
    said = [say("measured", language, day=run.day, machine=run.machine)]
    if run.busy > BUSY:
        said.append(say("rehearsal", language, busy=f"{run.busy:.0%}"))
    return " ".join(said)


def table(*rows: tuple[str, ...]) -> str:
    """Markdown; the first row is the head."""
    head, *rest = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rest))
