"""The plugin that adds to docs/evidence.md what a run has shown, when told to."""

from __future__ import annotations

from typing import Any

import pytest

from .evidence import PAGE, Case, gather, keep, merged, read_shown


class EvidenceReporter:
    """Notes each test of a run; at its end ``--update-golden`` writes what was shown.

    ``place``: the folder or the file whose tests the page speaks of; ``routing``: how their pods travel, if it is not
    the command line that says so.
    """

    def __init__(self, config: pytest.Config, place: str = "tests/cluster/", routing: str = "") -> None:
        self._config = config
        self._place = place
        self._routing = routing or config.getoption("--routing")
        self._passed: set[Case] = set()
        self._failed: set[Case] = set()
        self._properties: dict[str, Any] = {}
        self._outages: dict[Case, str] = {}
        self._said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        if not report.nodeid.startswith(self._place):
            return
        test = Case(report.nodeid, self._routing)
        if report.failed:
            self._failed.add(test)
        elif report.passed and report.when == "call":
            self._passed.add(test)
            properties = dict(report.user_properties)
            if "outage" in properties:
                self._outages[test] = str(properties.pop("outage"))
            self._properties.update(properties)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Add it: a test that failed takes away nothing, and what passed beside it has passed."""
        if not self._config.getoption("--update-golden") or not self._passed | self._failed:
            return
        if "programs" not in self._properties:
            self._said = f"{PAGE.name} stays as it is: no test that passed has said which versions ran"
            return
        shown = gather(self._passed - self._failed, self._properties, self._outages)
        keep(merged(read_shown(), shown))
        self._said = f"{PAGE.name}: {len(shown.proofs)} tests passed, and are written as shown today"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written."""
        if self._said:
            terminalreporter.write_line(self._said)
