"""All checks on the answers of one host, those of the whole cluster among them."""

from __future__ import annotations

from meshstrap.verify.arrival import Arrival
from meshstrap.verify.catalogue import checks
from meshstrap.verify.judge import judge
from meshstrap.verify.verdict import Verdict


def evaluate(arrival: Arrival) -> dict[str, Verdict]:
    """The verdict of every check, by its id."""
    return {check.id: judge(arrival, check) for check in checks(whole=True)}
