"""A machine as a check sees it: the node that it should be, and what it has answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.verify.answers import Answers


class NotAsPlanned(Exception):
    """It does not hold; this was found. ``expected``: in place of the check's own text."""

    def __init__(self, found: str, expected: str = "") -> None:
        self.found = found
        self.expected = expected
        super().__init__(found)


class Warned(Exception):
    """It holds, but not for long; this was found."""


class NoQuestion(Exception):
    """It is no question for this machine, or not yet; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine."""

    plan: Plan
    node: NodePlan
    answers: Answers
    measured: list[str] = field(default_factory=list)

    def expect(self, held: object, found: object, expected: str = "") -> None:
        """Go on when it holds; else say what was found. ``expected``: in place of the check's own text."""
        if not held:
            self.differs(found, expected)

    def differs(self, found: object, expected: str = "") -> NoReturn:
        """It does not hold: this was found. A list is joined, and nothing is said to be nothing."""
        text = "; ".join(map(str, found)) if isinstance(found, (list, tuple, set, frozenset)) else str(found)
        raise NotAsPlanned(text or "nothing", expected)

    def warn(self, found: list[str]) -> NoReturn:
        """It holds, but not for long."""
        raise Warned("; ".join(found))

    def skip(self, reason: str) -> NoReturn:
        """It is no question for this machine."""
        raise NoQuestion(reason)

    def measure(self, figure: str) -> None:
        """A figure for the report, neither right nor wrong."""
        self.measured.append(figure)
