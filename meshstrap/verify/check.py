"""A check: one thing that holds on a host, how that is judged, and what people read of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshstrap.plan import names
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.verify.question import Asked
from meshstrap.verify.words import Words, load_words

ONLY_STEP = "sudo bash /opt/meshstrap/bootstrap.sh --only STEP"
"""What mends most of it: the step that makes it so; which one that is depends on the node."""

OF_STEP = "checks.py"
"""The file of a step's folder that has its checks."""

_OR = {"en": " or ", "ko": " 또는 "}

Judge = Callable[[Any], None]
"""Looks at a :class:`~meshstrap.verify.machine.Machine`; returns when all is as planned, and raises otherwise."""
Values = Callable[[Plan, NodePlan], Mapping[str, object]]
"""What a topic's ``expected`` texts may name besides ``plan``, ``node`` and ``names``."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that holds on a host.

    ``steps``: it is asked of nodes that have one of these steps, once that step has converged; none: of every machine
    that answers. ``waiver``: the word in ``waive_machine`` that waives it. ``whole``: only a run with ``--cluster``
    asks it. ``of_host``: it is about the host itself, whatever it has answered, and judges its arrival.
    """

    topic: str
    name: str
    judge: Judge
    words: Words
    values: Values
    steps: tuple[str, ...] = ()
    waiver: str = ""
    whole: bool = False
    of_host: bool = False

    @property
    def id(self) -> str:
        """``mesh_guards.marked_packets_stay_in_the_tailnet``."""
        return f"{self.topic}.{self.name}"

    def expected(self, plan: Plan, node: NodePlan) -> str:
        """What holds where all is as planned, with this node's values."""
        return self.words.expected.format(plan=plan, node=node, names=names, **self.values(plan, node))

    def fix(self, steps: Iterable[str] = (), language: str = "en") -> str:
        """What to do, on a node that has these steps."""
        own = [step for step in self.steps if step in steps] or list(self.steps)
        return (self.words.fix.of(language) if self.words.fix else ONLY_STEP).replace("STEP", _OR[language].join(own))


def _nothing(plan: Plan) -> Asked:
    del plan
    return Asked()


def _no_values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    del plan, node
    return {}


class Topic:
    """Checks of one subject; those of one ``name`` are a column of the reports.

    ``file``: the module's own ``__file__``; its words lie beside it, as YAML. In a step's folder its checks are asked
    of nodes that have that step. ``asks``: what is read here, and what several topics read is asked anyway
    (:mod:`meshstrap.verify.questions`). ``whole``: all of it is asked with ``--cluster`` alone.
    """

    def __init__(
        self,
        name: str,
        file: str,
        *,
        asks: Callable[[Plan], Asked] = _nothing,
        values: Values = _no_values,
        whole: bool = False,
    ) -> None:
        path = Path(file)
        self.name = name
        self.asks = asks
        self.whole = whole
        self.checks: list[Check] = []
        self._values = values
        self.words = path.with_suffix(".yaml")
        self._words = load_words(self.words)
        self._step = path.parent.name if path.name == OF_STEP else ""

    def check(self, *, step: str = "", waiver: str = "", of_host: bool = False) -> Callable[[Judge], Check]:
        """Make a function a check of this topic. ``step``: other steps than the folder's, with spaces between."""

        def add(judge: Judge) -> Check:
            made = Check(
                topic=self.name,
                name=judge.__name__,
                judge=judge,
                words=self._words[judge.__name__],
                values=self._values,
                steps=tuple((step or self._step).split()),
                waiver=waiver,
                whole=self.whole,
                of_host=of_host,
            )
            self.checks.append(made)
            return made

        return add
