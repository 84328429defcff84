"""What came back from a host, which node it is, and what it makes sense to ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshstrap.plan import NodePlan, Plan
from meshstrap.status import Status
from meshstrap.verify.answers import Answers, CannotTell
from meshstrap.verify.check import Check
from meshstrap.verify.machine import Machine
from meshstrap.verify.reach import Unreachable, node_named
from meshstrap.verify.status import status_of

# Checks that every host has, whatever came back; most others are no question where one of them fails.
ANSWERS = "machine.the_machine_answers"
KNOWN_NODE = "machine.the_machine_is_a_node_of_the_plan"
HAS_CONVERGED = "converged.the_node_has_converged"


@dataclass(frozen=True)
class NotAsked:
    """Why something is no question for a host. ``said_by``: the check that fails for the same reason, if any."""

    reason: str
    said_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A host's answers, or why there are none. ``status``: what it says of itself, or why that is not known.

    ``whole``: whether the whole cluster is asked, too.
    """

    host: str
    plan: Plan
    answers: Answers | None = None
    silence: str = ""
    node: NodePlan | None = None
    reported: str = ""
    status: Status | None = None
    status_unknown: str = ""
    whole: bool = False

    def machine(self) -> Machine:
        """The machine, for a check that is asked of it."""
        if self.node is None or self.answers is None:
            raise CannotTell("gives no answers, or is no node of the plan")
        return Machine(plan=self.plan, node=self.node, answers=self.answers)

    def not_asked(self, check: Check) -> NotAsked | None:
        """Why a check is no question for this host, if it is none."""
        if check.id == ANSWERS:
            return None
        if check.whole and not self.whole:
            return NotAsked("without --cluster")
        if self.answers is None:
            return NotAsked("gives no answers", said_by=ANSWERS)
        if check.id == KNOWN_NODE:
            return None
        if self.node is None:
            return NotAsked("is no node of the plan", said_by=KNOWN_NODE)
        never = _not_applicable(self.node, check)
        return NotAsked(never) if never else self._not_yet(check)

    def _not_yet(self, check: Check) -> NotAsked | None:
        if not check.steps or (self.status is not None and self.status.has_reached(check.steps)):
            return None
        return NotAsked(f"not yet: {self.status or self.status_unknown}", said_by=HAS_CONVERGED)


def _not_applicable(node: NodePlan, check: Check) -> str:
    if check.waiver and check.waiver in node.waived_machine_checks:
        return f"waived in the inventory: waive_machine: [{check.waiver}]"
    if check.steps and not set(check.steps) & set(node.steps):
        return f"no step {' or '.join(check.steps)} on {node.name}"
    return ""


def arrive(plan: Plan, host: str, ask: Callable[[], Answers], *, whole: bool = False) -> Arrival:
    """Ask a host, and find out which node it is: by its name here, else by the name that it reports."""
    try:
        answers = ask()
    except Unreachable as error:
        return Arrival(host=host, plan=plan, silence=str(error), node=node_named(plan, host), whole=whole)
    try:
        reported = answers.said("hostname")
    except CannotTell as error:
        reported = f"({error})"
    status, unknown = _read_status(answers)
    return Arrival(
        host=host,
        plan=plan,
        answers=answers,
        node=node_named(plan, host, reported),
        reported=reported,
        status=status,
        status_unknown=unknown,
        whole=whole,
    )


def _read_status(answers: Answers) -> tuple[Status | None, str]:
    try:
        found = status_of(answers)
    except CannotTell as error:
        return None, str(error)
    return found, "" if found else "no run has begun on this machine"
