"""What each step's own tests know of a host: the answers on which all is as planned, and the faults."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path
from typing import Any

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Fault, Raw

STEPS = Path(__file__).resolve().parents[2] / "steps"


@cache
def tables() -> tuple[dict[str, Any], ...]:
    """The ``faults.py`` of every step's folder that has one."""
    return tuple(runpy.run_path(str(path)) for path in sorted(STEPS.glob("*/faults.py")))


def faults() -> tuple[Fault, ...]:
    """All rows of ``FAULTS``."""
    return tuple(fault for table in tables() for fault in table["FAULTS"])


def answers(plan: Plan, node: NodePlan) -> tuple[Raw, ...]:
    """What a node answers where all is well, as each step's ``answers`` says it."""
    return tuple(table["answers"](plan, node) for table in tables() if "answers" in table)
