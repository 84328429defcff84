"""What a node says of itself, among its answers."""

from __future__ import annotations

from pydantic import ValidationError

from meshstrap.plan.names import STATUS_FILES
from meshstrap.status import Status, parse_status
from meshstrap.verify.answers import Answers, CannotTell

CONVERGED = "converged"


def status_of(answers: Answers) -> Status | None:
    """The newest status; none: no run has begun. :class:`CannotTell` when it is not one."""
    for path in STATUS_FILES:
        text = answers.text(path)
        if text is not None:
            return _parsed(text)
    return None


def _parsed(text: str) -> Status:
    try:
        return parse_status(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise CannotTell(f"the status file cannot be read: {place}: {first['msg']}") from error
