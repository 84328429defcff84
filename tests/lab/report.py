"""What a run of the lab has proven: a table of sentences for people, the same as a file, and the page held to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .parts import Parts
from .support import PROVEN, Claim, as_claim, differences, is_emulated, keep_claims, read_claims

EVIDENCE = Path("lab-evidence")

# With one of these options a run is not whole, and cannot say what is missing.
_LEFT_OUT = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob")


@dataclass
class Sentence:
    """One test function: how its cases went."""

    topic: str
    text: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0

    def line(self) -> str:
        """One line of the table."""
        result = "FAILED" if self.failed else "passed" if self.passed else "no run"
        count = self.passed + self.failed
        cases = f", {count} cases" if count > 1 else ""
        return f"  {result}  {self.seconds:6.1f} s  {self.text}{cases}"


@dataclass
class Results:
    """All that a run has shown so far."""

    sentences: dict[tuple[str, str], Sentence] = field(default_factory=dict)
    _said: dict[str, set[Claim]] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)

    def add(self, report: pytest.TestReport) -> None:
        """Take note of one phase of one test."""
        file, _, name = report.nodeid.partition("::")
        topic = Path(file).stem.removeprefix("test_").replace("_", " ")
        text = name.partition("[")[0].removeprefix("test_").replace("_", " ")
        sentence = self.sentences.setdefault((topic, text), Sentence(topic, text))
        sentence.seconds += report.duration
        if report.failed and report.nodeid not in self._failed:
            sentence.failed += 1
            # Its body may have passed before its clean-up failed.
            sentence.passed -= report.nodeid in self._said
            self._failed.add(report.nodeid)
        elif report.passed and report.when == "call":
            sentence.passed += 1
            said: list[Any] = [value for key, value in report.user_properties if key == "proven"]
            self._said[report.nodeid] = {as_claim(value) for value in said}

    def claims(self) -> list[Claim]:
        """What has been proven, sorted."""
        return sorted({claim for test, said in self._said.items() if test not in self._failed for claim in said})

    def table(self) -> Iterator[str]:
        """The sentences by topic."""
        topic = ""
        for sentence in sorted(self.sentences.values(), key=lambda one: one.topic):
            if sentence.topic != topic:
                topic = sentence.topic
                yield topic
            yield sentence.line()

    def as_json(self) -> str:
        """The same for programs."""
        tests = [vars(sentence) | {"seconds": round(sentence.seconds, 1)} for sentence in self.sentences.values()]
        return json.dumps({"tests": tests, "proven": self.claims()}, indent=1) + "\n"


class Reporter:
    """The plugin: notes each test, prints the table at the end, and holds the kept claims to a whole run.

    ``lab``: the folder of its tests, which is its session of nox, too.
    """

    def __init__(self, config: pytest.Config, lab: str = "lab") -> None:
        self._config = config
        self._lab = lab
        self._results = Results()
        self._differences: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        self._results.add(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what was proven; a whole run that proves other things than the page says has failed."""
        if not self._results.sentences:
            return
        EVIDENCE.mkdir(exist_ok=True)
        (EVIDENCE / "results.json").write_text(self._results.as_json(), encoding="utf-8")
        if not self._is_whole():
            return
        others = [claim for claim in read_claims() if is_emulated(claim) != (self._lab == "arm64")]
        proven = sorted({*self._results.claims(), *others})
        if self._is_a_part():
            # What it does not show, another part does.
            proven = sorted({*proven, *read_claims()})
        if self._config.getoption("--update-golden") and session.exitstatus == pytest.ExitCode.OK:
            keep_claims(proven)
        self._differences = differences(read_claims(), proven)
        if self._differences and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_a_part(self) -> bool:
        parts = self._config.pluginmanager.get_plugin("lab-parts")
        return isinstance(parts, Parts) and parts.part is not None

    def _is_whole(self) -> bool:
        chosen = any(self._config.getoption(name) for name in _LEFT_OUT)
        whole = Path(__file__).parents[1] / self._lab
        return not chosen and {Path(name).resolve() for name in self._config.args} == {whole}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if self._results.sentences:
            terminalreporter.section("what was proven")
            for line in self._results.table():
                terminalreporter.write_line(line)
        for line in self._differences:
            terminalreporter.write_line(
                f"{PROVEN.name}: {line}; `nox -s {self._lab} -- --update-golden` writes it anew", red=True
            )
