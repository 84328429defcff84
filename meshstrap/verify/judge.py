"""From a check and what a host has answered to a verdict."""

from __future__ import annotations

import re
from dataclasses import replace

from meshstrap.verify.answers import CannotTell
from meshstrap.verify.arrival import Arrival
from meshstrap.verify.check import Check
from meshstrap.verify.machine import NoQuestion, NotAsPlanned, Warned
from meshstrap.verify.verdict import Outcome, Verdict

_OUTCOMES: dict[type[Exception], Outcome] = {
    Warned: Outcome.WARNS,
    NoQuestion: Outcome.SKIPPED,
    CannotTell: Outcome.UNKNOWN,
}
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def judge(arrival: Arrival, check: Check) -> Verdict:
    """What becomes of a check on a host. An error that nobody thought of is an answer that is not known."""
    holds = _holding(arrival, check)
    not_asked = arrival.not_asked(check)
    if not_asked:
        return _ended(holds, Outcome.SKIPPED, not_asked.reason)
    measured: list[str] = []
    try:
        if check.of_host:
            check.judge(arrival)
        else:
            machine = arrival.machine()
            measured = machine.measured
            check.judge(machine)
    except NotAsPlanned as error:
        return _ended(holds, Outcome.DIFFERS, error.found, error.expected)
    except tuple(_OUTCOMES) as error:
        return _ended(holds, _OUTCOMES[type(error)], str(error))
    except Exception as error:  # noqa: BLE001 - a host may answer anything, and one check is not the whole run
        return _ended(holds, Outcome.UNKNOWN, f"{type(error).__name__} in this check: {error}")
    return replace(holds, measured=_printable("; ".join(measured)))


def _holding(arrival: Arrival, check: Check) -> Verdict:
    """The verdict where all is as planned. A host that is no node is told what all nodes share."""
    words = check.words
    return Verdict(
        host=arrival.host,
        node=arrival.node.name if arrival.node else "",
        topic=check.topic,
        check=check.id,
        title=words.title.en,
        outcome=Outcome.HOLDS,
        expected=check.expected(arrival.plan, arrival.node or arrival.plan.nodes[0]),
        why=words.why.en,
        source=words.source,
        symptom=words.symptom.en,
        fix=check.fix(arrival.node.steps if arrival.node else ()),
    )


def _ended(holds: Verdict, outcome: Outcome, found: str, expected: str = "") -> Verdict:
    return replace(holds, outcome=outcome, found=_printable(found), expected=expected or holds.expected)


def _printable(text: str) -> str:
    """A host is not trusted with anybody's terminal."""
    return _UNPRINTABLE.sub("?", text)
