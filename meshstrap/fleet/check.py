"""A check: one fact of a host, with the words that a person needs when it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

ONLY_STEP = "sudo bash /opt/meshstrap/bootstrap.sh --only STEP"
"""What mends most of it: the step that makes the fact true; which one that is depends on the node."""

_CHECKS: dict[Callable[..., Any], Check] = {}


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a test of ``tests/hosts`` is about.

    ``fact``: its name in the plan, which has what is expected and why. ``symptom``: what a person sees of it. ``fix``:
    what to do. ``steps``: it is asked of nodes that have one of these steps, once that step has converged; none: of
    every machine that answers. ``waiver``: the word in ``waive_machine`` that waives it. ``whole``: only a run with
    ``--cluster`` asks it.
    """

    fact: str
    symptom: str
    fix: str
    steps: tuple[str, ...] = ()
    waiver: str = ""
    whole: bool = False

    def fix_for(self, steps: Iterable[str]) -> str:
        """What to do on a node that has these steps."""
        own = [step for step in self.steps if step in steps] or list(self.steps)
        return self.fix.replace("STEP", " or ".join(own))


def check(fact: str, *, step: str, symptom: str, fix: str = "", waiver: str = "") -> Callable[[Test], Test]:
    """Mark a test as the check of a fact. ``step``: names of steps, with spaces between; empty: none is needed."""
    steps = tuple(step.split())

    def mark(test: Test) -> Test:
        _CHECKS[test] = Check(fact=fact, symptom=symptom, fix=fix or ONLY_STEP, steps=steps, waiver=waiver)
        return test

    return mark


def whole_check(fact: str, *, symptom: str, fix: str, step: str = "cluster_policies") -> Callable[[Test], Test]:
    """Mark a test as the check of a fact that only the whole cluster can show: its control plane is asked."""

    def mark(test: Test) -> Test:
        _CHECKS[test] = Check(fact=fact, symptom=symptom, fix=fix, steps=tuple(step.split()), whole=True)
        return test

    return mark


def check_of(test: Callable[..., Any] | None) -> Check | None:
    """The check that a test was marked with, if it was."""
    return _CHECKS.get(test) if test else None


def sentence(name: str) -> str:
    """A test's name as words: ``the kernel runs cilium``."""
    return name.partition("[")[0].removeprefix("test_").replace("_", " ")
