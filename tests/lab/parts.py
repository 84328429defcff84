"""The labs take long: a run shows a part of what they have, another one each day, unless it is asked for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest


@dataclass(frozen=True)
class Division:
    """How a lab's tests are dealt out to parts.

    ``routing`` is how the cluster's pods travel in all of them. ``only`` these files have a place here, where it names
    any. ``count`` parts; the files ``always`` are in each of them. A file is dealt as a whole, since its tests share
    machines; of the files ``by_case`` (beginnings of names) each test is dealt by itself. ``minutes``: beginnings of
    what is dealt → what each takes, where it is more than :data:`FEW_MINUTES`, so that no part is much longer than
    the others.
    """

    count: int
    always: frozenset[str]
    by_case: tuple[str, ...]
    minutes: Mapping[str, float] = field(default_factory=dict)
    routing: str = "vxlan"
    only: frozenset[str] = frozenset()

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

    def has(self, nodeid: str) -> bool:
        """Whether a test has a place here."""
        return not self.only or _stem(nodeid) in self.only | self.always

    def unit(self, nodeid: str) -> str:
        """What is dealt together with a test; empty: it is in each part."""
        stem, case = _stem(nodeid), nodeid.partition("::")[2]
        if stem in self.always:
            return ""
        return f"{stem}::{case}" if stem.startswith(self.by_case) else stem

    def chosen(self, nodeids: Sequence[str], part: int) -> list[bool]:
        """Which of these tests are in a part, in their order."""
        units = {nodeid: self.unit(nodeid) for nodeid in nodeids if self.has(nodeid)}
        parts = self.parts_of(dict.fromkeys(unit for unit in units.values() if unit))
        return [nodeid in units and (not units[nodeid] or parts[units[nodeid]] == part) for nodeid in nodeids]


def _stem(nodeid: str) -> str:
    return nodeid.partition("::")[0].rpartition("/")[2].removesuffix(".py")


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
        "test_machine_that_lived": 2,
        "test_oracle_linux": 4,
        "test_power_cut::test_a_machine": 1,
        "test_steps": 3,
        "test_verify_faults": 3,
    },
)
CLUSTER = Division(
    count=15,
    always=frozenset({"test_story"}),
    by_case=("test_faults_", "test_traps_cilium"),
    minutes={
        "test_faults_certificates": 3,
        "test_faults_init": 4,
        "test_faults_join": 6,
        "test_faults_late": 4,
        "test_faults_late::test_a_fourth_node": 6.5,
        "test_faults_living": 4,
        "test_faults_lost": 6,
        "test_faults_power": 2,
        "test_faults_seen::test_a_broken_cluster": 0.6,
        "test_faults_tailnet": 2,
        "test_hubble": 4,
        "test_network": 2,
        "test_routing": 8,
        "test_traps_": 2,
        "test_traps_cilium::test_src_valid_mark": 0.1,
        "test_traps_cilium::test_reverse": 0.2,
        "test_traps_cilium::test_with_the_planned": 0.2,
        "test_twice": 3,
        "test_verify": 1,
    },
)

# The minutes are those of an emulated machine on two cores that have nothing else to do (November 2026).
EMULATED = Division(count=2, always=frozenset(), by_case=(), minutes={"test_disturbed": 17, "test_first_boot": 18})

# The same cluster, born with pod subnets as routes of the tailnet.
ROUTED_CLUSTER = replace(
    CLUSTER,
    count=6,
    routing="tailnet",
    only=frozenset({"test_verify", "test_faults_late", "test_faults_power", "test_faults_tailnet"}),
)


class Parts:
    """The plugin: which part runs is said at the beginning and at the end, with how to run the others."""

    def __init__(self, config: pytest.Config, divisions: Sequence[Division], folder: str) -> None:
        self._count = sum(division.count for division in divisions)
        self._folder = folder
        given = config.getoption("--part")
        # By the date, so that as many days in a row as there are parts show everything.
        # None: everything that was asked for.
        self.part: int | None = given or datetime.now(UTC).toordinal() % self._count + 1
        if not 1 <= self.part <= self._count:
            raise pytest.UsageError(f"--part {given}: {folder} has parts 1 to {self._count}")
        if config.getoption("--all") or (not given and not _is_whole_folder(config.args, folder)):
            self.part = None
            self._division = next(one for one in divisions if one.routing == config.getoption("--routing"))
            return
        # The parts of each division follow those of the one before it.
        begins = 0
        for self._division in divisions:
            self._within = self.part - begins
            if self._within <= self._division.count:
                break
            begins += self._division.count
        config.option.routing = self._division.routing

    @property
    def _said(self) -> str:
        way = f", with {self._division.routing} routing" if self._division.routing != "vxlan" else ""
        if self.part is None:
            return f"{self._folder}: everything that was asked for{way}"
        return f"{self._folder}: part {self.part} of {self._count}{way}; --part N runs another one, --all everything"

    def pytest_report_header(self) -> str:
        """One line."""
        return self._said

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the other parts."""
        # The order in which they are dealt must not depend on what a conftest has sorted.
        items_by_name = sorted(items, key=lambda item: item.nodeid)
        names = [item.nodeid for item in items_by_name]
        if self.part is None:
            # What a person names is run; of a whole lab, what has a place.
            chosen = [not config.getoption("--all") or self._division.has(name) for name in names]
        else:
            chosen = self._division.chosen(names, self._within)
        left_out = [item for item, stays in zip(items_by_name, chosen, strict=True) if not stays]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The same line beside the result."""
        terminalreporter.write_line(self._said)


def _is_whole_folder(arguments: Iterable[str], folder: str) -> bool:
    return all(argument.rstrip("/").endswith(folder) for argument in arguments)
