"""The faults take long: a run shows a third of them, another one each day, unless it is asked for all."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

PARTS = 3
# The tests that this is about, by their files.
PREFIX = "test_faults_"


class Parts:
    """The plugin: which faults run is said at the beginning, with how to run the others."""

    def __init__(self, config: pytest.Config) -> None:
        named = any(PREFIX in word for word in config.args)
        given = config.getoption("--part") or os.environ.get("MESHSTRAP_CLUSTER_PART")
        # By the date, so that three days in a row show everything.
        self._part = int(given) if given else datetime.now(UTC).toordinal() % PARTS + 1
        self._all = config.getoption("--all") or (named and not given)
        if not 1 <= self._part <= PARTS:
            raise pytest.UsageError(f"--part, MESHSTRAP_CLUSTER_PART: {given} is not 1 to {PARTS}")

    def pytest_report_header(self) -> str:
        """One line."""
        if self._all:
            return "faults: all of them"
        why = f"part {self._part} of {PARTS}"
        return f"faults: {why}; another by --part N or MESHSTRAP_CLUSTER_PART=N, all by --all"

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the other parts. Each third case is of a part, so that every part has some of each kind."""
        if self._all:
            return
        faults = [item for item in items if item.path.stem.startswith(PREFIX)]
        left_out = [item for number, item in enumerate(faults) if number % PARTS + 1 != self._part]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


class Outages:
    """The plugin: what each fault has cost, at the end."""

    def __init__(self) -> None:
        self._figures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of what a test has measured."""
        if report.when == "call":
            name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
            said = [str(value) for key, value in report.user_properties if key == "outage"]
            self._figures += [f"{report.duration:5.0f} s  {name}: {value}" for value in said]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it."""
        if self._figures:
            terminalreporter.section("outages between pods")
            for line in self._figures:
                terminalreporter.write_line(line)
