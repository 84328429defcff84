"""The plugin that holds docs/evidence.md to a whole run, and adds to it what a run has shown when told to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .evidence import PAGE, SHOWN, differences, gather, keep, merged, read_shown, topic_and_sentence, without

# With one of these options a run is somebody's choice, and cannot say what is missing.
_CHOSEN = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob")


class EvidenceReporter:
    """Notes each test; at the end it compares, or writes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._passed: list[str] = []
        self._failed: set[str] = set()
        self._left_out: set[tuple[str, str]] = set()
        self._properties: dict[str, Any] = {}
        self._outages: dict[str, str] = {}
        self._differences: list[str] = []

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Tests that this run leaves to another, as the rotating faults."""
        self._left_out |= {topic_and_sentence(item.nodeid) for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.passed and report.when == "call":
            self._passed.append(report.nodeid)
            properties = dict(report.user_properties)
            if "outage" in properties:
                case = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
                self._outages[case] = str(properties.pop("outage"))
            self._properties.update(properties)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A whole run that does not show what the page says has failed."""
        if session.exitstatus != pytest.ExitCode.OK or not self._passed:
            return
        passed = [nodeid for nodeid in self._passed if nodeid not in self._failed]
        shown = gather(passed, self._properties, self._outages)
        if self._config.getoption("--update-golden"):
            if not any("::" in name for name in self._config.args):
                now = without(shown, frozenset(self._left_out))
                keep(now if self._is_whole() and not self._left_out else merged(read_shown(), now))
            return
        if not SHOWN.exists() or not self._is_whole():
            return
        self._differences = list(differences(read_shown(), shown, frozenset(self._left_out)))
        if self._differences:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_whole(self) -> bool:
        chosen = any(self._config.getoption(name) for name in _CHOSEN)
        return not chosen and {Path(name).resolve() for name in self._config.args} == {Path(__file__).parent}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the page and the run differ."""
        for line in self._differences:
            terminalreporter.write_line(f"{PAGE.name}: {line}; --update-golden writes it anew", red=True)
        if not SHOWN.exists():
            terminalreporter.write_line(f"{PAGE.name} has not been written yet; --update-golden writes it")
