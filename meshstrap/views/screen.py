"""Where people read: lines and tables on stdout, progress on stderr and only on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import StringIO
from typing import TypeVar

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.styled import Styled
from rich.table import Table
from rich.text import Text

from meshstrap.errors import OutputRefused
from meshstrap.stdout import end_unread, let_go

Item = TypeVar("Item")

# A pipe has no width of its own: lines stay whole there, so that grep and cut find them.
PIPE_COLUMNS = 2000


def rows_below(table: Table) -> Iterator[RenderableType]:
    """Each row by itself: its first cell, and below it the others that are not empty, each behind its column's name."""
    heads = [str(column.header) for column in table.columns]
    for row, *cells in zip(table.rows, *(column.cells for column in table.columns), strict=True):
        first, *others = (cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells)
        told = [Text.assemble((f"{head}: ", "dim"), text) for head, text in zip(heads[1:], others, strict=True) if text]
        first.stylize("bold")
        yield Styled(Group(first, Padding(Text(" · ").join(told), (0, 0, 0, 2))), row.style or "")


class _Pipe(Console):
    """rich's own would end with 1, which means a finding here."""

    def on_broken_pipe(self) -> None:
        """Whoever reads has gone."""
        self.quiet = True
        end_unread()


class Screen:
    """One place for everything that tasks say. rich honours ``NO_COLOR`` and terminals by itself."""

    def __init__(self) -> None:
        self.out = Console(highlight=False, markup=False)
        self.progress = Console(highlight=False, markup=False, stderr=True)
        if not self.out.is_terminal:
            self.out = _Pipe(highlight=False, markup=False, width=PIPE_COLUMNS)

    def spoken(self, text: str) -> str:
        """A text as it is said here; of a table it has to be asked for."""
        return text

    def say(self, text: str = "", style: str | None = None) -> None:
        """Print a text as it is; a long line is the terminal's to wrap. ``OutputRefused``: it cannot be written."""
        try:
            self.out.print(self.spoken(text), style=style, soft_wrap=True)
        except OSError as error:
            let_go()
            raise OutputRefused(f"standard output: {error.strerror}: the rest is not written") from error

    def show(self, table: Table, title: str = "") -> None:
        """Print a table, as wide as it needs when piped."""
        if title:
            self.say(f"\n{title}", style="bold")
        if self.out.is_terminal:
            self.out.print(self.fitted(table))
            return
        with self.out.capture() as capture:
            self.out.print(table)
        self.say("\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")))

    def fits(self, table: Table) -> bool:
        """Whether a table is shown without a line broken, here."""
        return self._measure(table).maximum <= self.out.width

    def fitted(self, table: Table) -> RenderableType:
        """The table, or its rows one below the other where columns so narrow would break words, which people copy.

        Without heads it is text beside its labels, and stays so.
        """
        is_fit = not table.show_header or self._measure(table).minimum <= self.out.width
        return table if is_fit else Group(*rows_below(table))

    def _measure(self, table: Table) -> Measurement:
        return self.out.measure(table, options=self.out.options.update(width=PIPE_COLUMNS))

    @contextmanager
    def recorded(self, *, wanted: bool) -> Iterator[StringIO]:
        """Collect what is said instead of printing it, if that is wanted."""
        text = StringIO()
        if wanted:
            self.out = Console(file=text, highlight=False, markup=False, width=PIPE_COLUMNS, force_terminal=False)
        yield text

    def track(self, items: Iterable[Item], text: str, total: int) -> Iterator[Item]:
        """The items, with a bar that is gone when they are done."""
        columns = (TextColumn(text), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.progress, transient=True, disable=not self.progress.is_terminal) as bar:
            yield from bar.track(items, total=total)

    def working(self, text: str) -> AbstractContextManager[object]:
        """A sign of life during one long call."""
        return self.progress.status(text) if self.progress.is_terminal else nullcontext()
