"""What each fault has cost: the outages between pods that a run has measured."""

from __future__ import annotations

import pytest


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
