"""From what a test did to a verdict, and from a verdict to the text that pytest prints."""

from __future__ import annotations

import re
import textwrap

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import Check, sentence
from meshstrap.fleet.machine import NotAsPlanned
from meshstrap.fleet.verdict import Outcome, Verdict
from tests.hosts.arrival import Arrival

WIDTH = 110
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def judge(arrival: Arrival, test: str, check: Check, error: BaseException | None, measured: str = "") -> Verdict:
    """What became of a test, by what it raised. An error that nobody thought of is an answer that is not known."""
    file, _, name = test.partition("::")
    fact = arrival.fact(check.fact)
    expected, found, outcome = fact.value, "", Outcome.HOLDS
    if isinstance(error, NotAsPlanned):
        expected, found, outcome = error.expected, error.found, Outcome.DIFFERS
    elif isinstance(error, pytest.skip.Exception):
        found, outcome = str(error.msg), Outcome.SKIPPED
    elif isinstance(error, CannotTell):
        found, outcome = str(error), Outcome.UNKNOWN
    elif error is not None:
        found, outcome = f"{type(error).__name__} in this check: {error}", Outcome.UNKNOWN
    topic = topic_of(file)
    return Verdict(
        host=arrival.host,
        node=arrival.node.name if arrival.node else "",
        topic=topic,
        check=f"tests/hosts/test_{topic}.py::{name.partition('[')[0]}",
        title=sentence(name),
        outcome=outcome,
        expected=expected,
        why=fact.why,
        source=fact.source,
        # A host is not trusted with anybody's terminal.
        found=UNPRINTABLE.sub("?", found),
        symptom=check.symptom,
        measured=UNPRINTABLE.sub("?", measured),
        fix=check.fix_for(arrival.node.steps if arrival.node else ()),
    )


def topic_of(file: str) -> str:
    """``mesh_guards`` of ``tests/hosts/test_mesh_guards.py``."""
    return file.rpartition("/")[2].removeprefix("test_").removesuffix(".py")


def printed(verdict: Verdict) -> str:
    """What is expected and why, what was found or could not be asked, what to do."""
    seen = "found" if verdict.outcome is Outcome.DIFFERS else "cannot tell"
    lines = (("expected", verdict.expected), (seen, verdict.found), ("because", verdict.why), ("to do", verdict.fix))
    return "\n".join(
        textwrap.fill(text, WIDTH, initial_indent=f"{name:<13}", subsequent_indent=" " * 13, break_on_hyphens=False)
        for name, text in lines
        if text
    )
