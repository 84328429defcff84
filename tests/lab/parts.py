"""The labs take long: a run shows a part of what they have, another one each day, unless it is asked for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest


@dataclass(frozen=True)
class Division:
    """How a lab's tests are dealt out to parts.

    ``count`` parts; the files ``always`` are in each of them. A file is dealt as a whole, since its tests share
    machines; of the files ``by_case`` (beginnings of names) each test is dealt by itself. ``minutes``: beginnings of
    what is dealt → what each takes, where it is more than :data:`FEW_MINUTES`, so that no part is much longer than
    the others.
    """

    count: int
    always: frozenset[str]
    by_case: tuple[str, ...]
    minutes: Mapping[str, float] = field(default_factory=dict)

    def parts_of(self, units: Iterable[str]) -> dict[str, int]:
        """The part of each unit, from 1: the longest are dealt first, each to the part that has least to do."""
        loads = [0.0] * self.count
        parts = {}
        for unit in sorted(units, key=self._minutes_of, reverse=True):
            least = loads.index(min(loads))
            loads[least] += self._minutes_of(unit)
            parts[unit] = least + 1
        return parts

    def _minutes_of(self, unit: str) -> float:
        found = [beginning for beginning in self.minutes if unit.startswith(beginning)]
        return self.minutes[max(found, key=len)] if found else FEW_MINUTES

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
        parts = self.parts_of(dict.fromkeys(unit for unit in found if unit))
        return [not unit or parts[unit] == part for unit in found]


FEW_MINUTES = 0.3
"""What is not named with its minutes takes about that."""

# The minutes are those of machines with two cores and nothing else to do, from --durations (November 2026).
NODE_LAB = Division(
    count=7,
    always=frozenset({"test_first_boot"}),
    by_case=("test_killed", "test_power_cut"),
    minutes={
        "test_cloud_init": 3,
        "test_dressed_as_oci": 3,
        "test_faults_": 3,
        "test_fetched_code": 2,
        "test_killed::test_a_run": 2,
        "test_machine_that_lived": 3,
        "test_oracle_linux": 4,
        "test_power_cut::test_a_machine": 1,
        "test_steps": 3,
        "test_verify_faults": 3,
    },
)
CLUSTER = Division(
    count=12,
    always=frozenset({"test_story"}),
    by_case=("test_faults_", "test_traps_cilium"),
    minutes={
        "test_faults_certificates": 3,
        "test_faults_init": 4,
        "test_faults_join": 6,
        "test_faults_late": 4,
        "test_faults_living": 4,
        "test_faults_power": 2,
        "test_faults_tailnet": 2,
        "test_network": 2,
        "test_routing": 7,
        "test_traps_": 2,
        "test_traps_cilium::test_src_valid_mark": 0.1,
        "test_traps_cilium::test_reverse": 0.2,
        "test_traps_cilium::test_with_the_planned": 0.2,
        "test_twice": 3,
        "test_verify": 1,
    },
)


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
