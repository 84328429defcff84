"""The page that is made from the checks' texts is the one that would be made now."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from meshstrap.fleet.check import check_of
from meshstrap.plan.hosts import host_facts
from meshstrap.views.troubleshooting import Entry, troubleshooting_markdown
from meshstrap.views.words import load_words
from tests.golden.cases import example_plan
from tests.unit.hosts.evaluate import checks

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"en": "troubleshooting.md", "ko": "troubleshooting.ko.md"}
HANGUL = re.compile(r"[가-힣]")
# Paths, flags, addresses, names with points or underscores, numbers of two digits.
TERM = re.compile(
    r"--[a-z][a-z-]+|/[a-z][A-Za-z0-9_./*-]+[a-z*]|[a-z_]+[._][a-z_][A-Za-z_.]*[a-z]|\b\d[\d.]*\d\b", re.ASCII
)
# Words that stand in no command.
PROSE = re.compile(r"\b(the|then|is|are|where|which|until|has|give|take|correct|remove|compare|copy)\b")


def entries() -> list[Entry]:
    plan = example_plan()
    facts = host_facts(plan, plan.node(plan.control_plane))
    found = []
    for name, test in checks().items():
        topic = name.partition("::")[0].rpartition("/test_")[2].removesuffix(".py")
        check = check_of(test)
        assert check, f"{name} is marked as a check"
        found.append(Entry(topic=topic, test=test.__name__, check=check, fact=facts[check.fact]))
    return found


def page(language: str) -> str:
    return troubleshooting_markdown(entries(), language)


@pytest.mark.parametrize(("language", "name"), PAGES.items())
def test_the_page_of_symptoms_is_that_of_the_checks(language: str, name: str, update_golden: bool) -> None:
    path = FOLDER / name
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(language), encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == page(language), "nox -s update-golden writes it anew"


def test_every_text_of_a_check_stands_beside_its_korean_one() -> None:
    words = load_words("troubleshooting")
    assert list(words) == [entry.test for entry in entries()]
    for entry in entries():
        texts: Any = words[entry.test]
        assert set(texts) - {"fix"} == {"title", "symptom", "cause"}, entry.test
        for part, sides in texts.items():
            assert sides["en"] == entry.text(part, "en"), f"{entry.test}: its {part} has changed: translate it anew"
            assert HANGUL.search(sides["ko"]), f"{entry.test}: {part}"
        # What has no Korean words is a command, and nothing else.
        assert "fix" in texts or not PROSE.search(entry.check.fix), f"{entry.test}: {entry.check.fix}"


def test_both_languages_name_the_same_commands_paths_and_numbers() -> None:
    for entry in entries():
        for part in ("symptom", "cause", "fix"):
            missing = set(TERM.findall(entry.text(part, "en"))) - set(TERM.findall(entry.text(part, "ko")))
            assert not missing, f"{entry.test}: {part}: {missing}"


def test_every_check_says_what_one_sees_why_it_matters_and_what_to_do() -> None:
    for entry in entries():
        fact = entry.fact
        assert all((entry.check.symptom, entry.check.fix, fact.value, fact.why, fact.source)), entry.test


def test_every_fact_of_a_host_has_a_check() -> None:
    plan = example_plan()
    facts = set(host_facts(plan, plan.node(plan.control_plane))) - {fact.name for fact in plan.facts}
    assert facts <= {entry.check.fact for entry in entries()}
