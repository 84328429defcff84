"""The labs take long: a run shows a part of what they have, another one each day, unless it is asked for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest


@dataclass(frozen=True)
class Division:
    """How a lab's tests are dealt out to parts.

    ``count`` parts; the files ``always`` are in each of them. A file is dealt as a whole, since its tests share
    machines; of the files ``by_case`` (beginnings of names) each test is dealt by itself.
    """

    count: int
    always: frozenset[str]
    by_case: tuple[str, ...]

    def part_of(self, units: Sequence[str], unit: str) -> int:
        """The part of a unit, from 1; neighbours, which are of a kind, go to different parts."""
        return units.index(unit) % self.count + 1

    def unit(self, nodeid: str) -> str:
        """What is dealt together with a test; empty: it is in each part."""
        file, _, case = nodeid.partition("::")
        stem = file.rpartition("/")[2].removesuffix(".py")
        if stem in self.always:
            return ""
        return f"{stem}::{case}" if stem.startswith(self.by_case) else stem

    def chosen(self, nodeids: Sequence[str], part: int) -> list[bool]:
        """Which of these tests are in a part, in their order."""
        found = [self.unit(nodeid) for nodeid in nodeids]
        units = list(dict.fromkeys(unit for unit in found if unit))
        return [not unit or self.part_of(units, unit) == part for unit in found]


# Measured together with tests/cluster/conftest.py's: docs/evidence.md names the day, CONTRIBUTING the minutes.
NODE_LAB = Division(count=5, always=frozenset({"test_first_boot"}), by_case=("test_killed", "test_power_cut"))
CLUSTER = Division(count=8, always=frozenset({"test_story"}), by_case=("test_faults_",))


class Parts:
    """The plugin: which part runs is said at the beginning and at the end, with how to run the others."""

    def __init__(self, config: pytest.Config, division: Division, folder: str) -> None:
        self._division = division
        self._folder = folder
        given = config.getoption("--part")
        # By the date, so that as many days in a row as there are parts show everything.
        # None: everything that was asked for.
        self.part: int | None = given or datetime.now(UTC).toordinal() % division.count + 1
        if not 1 <= self.part <= division.count:
            raise pytest.UsageError(f"--part {given}: {folder} has parts 1 to {division.count}")
        if config.getoption("--all") or (not given and not _is_whole_folder(config.args, folder)):
            self.part = None

    @property
    def _said(self) -> str:
        if self.part is None:
            return f"{self._folder}: everything that was asked for"
        return (
            f"{self._folder}: part {self.part} of {self._division.count}; --part N runs another one, --all everything"
        )

    def pytest_report_header(self) -> str:
        """One line."""
        return self._said

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the other parts."""
        if self.part is None:
            return
        # The order in which they are dealt must not depend on what a conftest has sorted.
        items_by_name = sorted(items, key=lambda item: item.nodeid)
        chosen = self._division.chosen([item.nodeid for item in items_by_name], self.part)
        left_out = [item for item, stays in zip(items_by_name, chosen, strict=True) if not stays]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The same line beside the result."""
        terminalreporter.write_line(self._said)


def _is_whole_folder(arguments: Iterable[str], folder: str) -> bool:
    return all(argument.rstrip("/").endswith(folder) for argument in arguments)
