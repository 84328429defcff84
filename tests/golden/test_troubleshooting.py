"""The page that is made from the checks' texts is the one that would be made now."""

from __future__ import annotations

from pathlib import Path

from meshstrap.fleet.check import check_of
from meshstrap.plan.hosts import host_facts
from meshstrap.views.troubleshooting import Entry, troubleshooting_markdown
from tests.golden.cases import example_plan
from tests.unit.hosts.evaluate import checks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"


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


def page() -> str:
    return troubleshooting_markdown(entries())


def test_the_page_of_symptoms_is_that_of_the_checks(update_golden: bool) -> None:
    if update_golden:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        return
    assert PAGE.read_text(encoding="utf-8") == page(), "nox -s update-golden writes it anew"


def test_every_check_says_what_one_sees_why_it_matters_and_what_to_do() -> None:
    for entry in entries():
        fact = entry.fact
        assert all((entry.check.symptom, entry.check.fix, fact.value, fact.why, fact.source)), entry.test


def test_every_fact_of_a_host_has_a_check() -> None:
    plan = example_plan()
    facts = set(host_facts(plan, plan.node(plan.control_plane))) - {fact.name for fact in plan.facts}
    assert facts <= {entry.check.fact for entry in entries()}
