"""All checks on the answers of one host, without pytest around them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from meshstrap.fleet.check import Check, check_of
from meshstrap.fleet.verdict import Verdict
from tests import hosts
from tests.hosts.arrival import Arrival
from tests.hosts.judging import judge

FOLDER = Path(hosts.__file__).parent


@cache
def checks() -> dict[str, Callable[..., Any]]:
    """Every test of tests/hosts by its id, ``tests/hosts/test_machine.py::test_…``, in the order of the files."""
    found: dict[str, Callable[..., Any]] = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"tests.hosts.{path.stem}")
        tests = [
            (name, one) for name, one in inspect.getmembers(module, inspect.isfunction) if name.startswith("test_")
        ]
        for name, test in sorted(tests, key=lambda one: one[1].__code__.co_firstlineno):
            found[f"tests/hosts/{path.name}::{name}"] = test
    return found


def checks_of_one_host() -> int:
    """How many checks a run without ``--cluster`` has for each host."""
    marks = [check_of(test) for test in checks().values()]
    return sum(check is not None and not check.whole for check in marks)


def evaluate(arrival: Arrival) -> dict[str, Verdict]:
    """The verdict of every check, by the test's id."""
    return dict(_verdicts(arrival))


def _verdicts(arrival: Arrival) -> Iterator[tuple[str, Verdict]]:
    for name, test in checks().items():
        check = check_of(test)
        assert check, f"{name} is marked as a check"
        yield name, judge(arrival, name, check, _run(test, check, arrival))


def _run(test: Callable[..., Any], check: Check, arrival: Arrival) -> BaseException | None:
    passed_over = arrival.not_asked(check)
    try:
        if passed_over:
            pytest.skip(passed_over.reason)
        test(arrival if "arrival" in inspect.signature(test).parameters else arrival.machine(check))
    except (Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - what it is decides the verdict
        return error
    return None
