"""A machine as a check sees it: the node that it should be, and what it has answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from meshstrap.fleet.answers import Answers
from meshstrap.plan.model import Fact, NodePlan, Plan


class NotAsPlanned(Exception):
    """A fact does not hold. The text has all that a person needs; the parts are there for reports."""

    def __init__(self, *, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"expected {expected}; found {found}")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine, and the fact that is asked of it now."""

    plan: Plan
    node: NodePlan
    answers: Answers
    fact: Fact
    measured: list[str] = field(default_factory=list)

    def expect(self, held: object, found: object, expected: str = "") -> None:
        """Go on when it holds; else say what was found. ``expected``: in place of the fact's own value."""
        __tracebackhide__ = True
        if not held:
            self.differs(found, expected)

    def measure(self, figure: str) -> None:
        """A figure for the report, neither right nor wrong."""
        self.measured.append(figure)

    def differs(self, found: object, expected: str = "") -> NoReturn:
        """It does not hold: this was found. A list is joined, and nothing is said to be nothing."""
        __tracebackhide__ = True
        text = "; ".join(map(str, found)) if isinstance(found, (list, tuple, set, frozenset)) else str(found)
        raise NotAsPlanned(expected=expected or self.fact.value, found=text or "nothing")
