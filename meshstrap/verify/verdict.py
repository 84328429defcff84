"""What became of one check on one host: what every report is made of."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """``warns``: it holds, but not for long. ``unknown``: the question could not be asked.

    ``skipped``: it is no question for this host, or not yet.
    """

    HOLDS = "holds"
    WARNS = "warns"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One check on one host. ``found`` is empty when it holds; ``measured``: figures, neither right nor wrong."""

    host: str
    node: str
    topic: str
    check: str
    title: str
    outcome: Outcome
    expected: str = ""
    why: str = ""
    source: str = ""
    found: str = ""
    symptom: str = ""
    fix: str = ""
    measured: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a person has to look."""
        return self.outcome in {Outcome.DIFFERS, Outcome.UNKNOWN}

    @property
    def is_told(self) -> bool:
        """Whether a report says more of it than that it holds."""
        return self.is_bad or self.outcome is Outcome.WARNS


@dataclass(frozen=True)
class Report:
    """All verdicts of a run: host by host, each with its checks in their order."""

    verdicts: tuple[Verdict, ...] = field(default=())

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts, each once."""
        return tuple(dict.fromkeys(one.host for one in self.verdicts))

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that were asked about, in order."""
        return tuple(dict.fromkeys(one.topic for one in self.verdicts))

    @property
    def bad(self) -> tuple[Verdict, ...]:
        """What a person has to look at."""
        return tuple(one for one in self.verdicts if one.is_bad)

    @property
    def told(self) -> tuple[Verdict, ...]:
        """The same, and what will not hold for long."""
        return tuple(one for one in self.verdicts if one.is_told)

    def of(self, host: str, topic: str = "") -> tuple[Verdict, ...]:
        """The verdicts on one host, or on one topic of it."""
        return tuple(one for one in self.verdicts if one.host == host and topic in {"", one.topic})

    def count(self, *outcomes: Outcome) -> int:
        """How many checks ended so."""
        return sum(one.outcome in outcomes for one in self.verdicts)


def report_json(report: Report, cluster: str) -> str:
    """A report for programs: the summary, and every verdict."""
    summary = {outcome.value: report.count(outcome) for outcome in Outcome}
    told = {"cluster": cluster, "as_planned": not report.bad, "summary": summary, "hosts": list(report.hosts)}
    return json.dumps({**told, "verdicts": [asdict(one) for one in report.verdicts]}, indent=1)
