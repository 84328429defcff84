"""The host check that CONTRIBUTING.md adds is one that works, as it is printed there."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from pathlib import Path

import pytest

from meshstrap.verify.answers import Answers
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine, NotAsPlanned
from tests.unit.hosts import faults
from tests.unit.hosts.green import green, plan

PAGE = Path(__file__).resolve().parents[3] / "CONTRIBUTING.md"
MODULE = """
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question


def asks(plan):
    return Asked(commands=({question},))


TOPIC = Topic(__file__, asks=asks)


{check}
"""


def blocks() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition("## How to add a host check\n")[2].partition("\n## ")[0]
    return [
        textwrap.dedent(text)
        for text in re.findall(r"^ *```(?:python|yaml)\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    ]


def load(folder: Path, question: str, check: str, words: str) -> Topic:
    path = folder / "machine.py"
    path.write_text(MODULE.format(question=question, check=check), encoding="utf-8")
    path.with_suffix(".yaml").write_text(words, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("example", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    topic: Topic = module.TOPIC
    return topic


def test_the_example_holds_where_all_is_well_and_finds_its_fault(tmp_path: Path) -> None:
    question, check, words, row = blocks()
    topic = load(tmp_path, question, check, words)
    (made,) = topic.checks
    assert made.fix() == "sudo bash /opt/meshstrap/bootstrap.sh --only timezone"
    fault = eval(row, vars(faults))  # noqa: S307 - our own page
    assert fault.check == made.id
    raw, node = green(fault.host), plan().node(fault.host)
    faults.says("timezone", made.expected(plan(), node))(raw)
    machine = Machine(plan=plan(), node=node, answers=Answers(raw, topic.asks(plan()).commands))
    made.judge(machine)
    fault.change(raw)
    with pytest.raises(NotAsPlanned, match=f"^{fault.found}$"):
        made.judge(machine)
