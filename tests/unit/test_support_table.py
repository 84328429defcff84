"""The table of where meshstrap has run says what the lab has proven, no more and no less."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from meshstrap.inventory import json_schema
from meshstrap.language import LANGUAGES
from tests.lab import report as reporting
from tests.lab.report import Reporter, Results
from tests.lab.support import (
    ARCHITECTURES,
    EMULATED,
    PART,
    PROVEN,
    SYSTEMS,
    as_claim,
    differences,
    keep_claims,
    read_claims,
    support_table,
)
from tests.readme import ROOT, hold_part, readme

STEPS = ("debian-13", "amd64", "steps", "up to the tailnet")


def report(
    outcome: str, *, when: str = "call", claim: object = STEPS, test: str = "test_a_node[one]"
) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=f"tests/lab/test_first_boot.py::{test}",
        location=("", 0, ""),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type] # a test's own word for one of three
        longrepr=None,
        when=when,  # type: ignore[arg-type] # the same
        duration=1.25,
        user_properties=[("proven", claim)] if claim else [],
    )


def test_the_readme_says_what_was_proven(update_golden: bool) -> None:
    if update_golden:
        keep_claims(read_claims())
    hold_part(PART, partial(support_table, read_claims()), update=False)


def test_a_claim_is_said_in_the_language_of_its_table() -> None:
    said = (("rendered", "yes"), ("cloud-init", "26.2"), ("cloud-init", "newest"), STEPS[2:])
    lines = support_table([("debian-13", "amd64", *claim) for claim in said], "ko").splitlines()
    assert "| Debian 13 | amd64 | 예 | 26.2, 최신 | tailnet까지 |" in lines
    assert lines[-1].endswith("| 실제 머신에서 실행하지 않음: 여기서는 Oracle Linux를 부팅할 수 없음 |")


def test_the_table_has_every_system_that_an_inventory_may_name() -> None:
    known = json.dumps(json_schema())
    assert all(f'"{system}"' in known for system in SYSTEMS)
    rows = [line.split(" | ")[:2] for line in support_table([]).splitlines()[2:]]
    assert rows == [[f"| {label}", arch] for label in SYSTEMS.values() for arch in ARCHITECTURES]


def test_what_was_not_proven_is_said_in_words() -> None:
    lines = support_table([STEPS]).splitlines()
    assert "| Debian 13 | amd64 | no | no | up to the tailnet |" in lines
    assert "| Debian 13 | arm64 | no | no | not run on a real machine |" in lines
    assert (
        "| Oracle Linux 9 | arm64 | no | no | not run on a real machine: Oracle Linux cannot be booted here |" in lines
    )


def test_several_claims_for_one_place_stand_side_by_side() -> None:
    claims = [as_claim(["debian-12", "amd64", "cloud-init", value]) for value in ("26.2", "22.4", "22.4")]
    assert "| Debian 12 | amd64 | no | 22.4, 26.2 |" in support_table(claims)


@pytest.mark.parametrize("claim", [["debian-11", *STEPS[1:]], [*STEPS[:2], "speed", "fast"], [*STEPS[:3], ""]])
def test_a_claim_without_a_place_in_the_table_is_refused(claim: list[str]) -> None:
    with pytest.raises(ValueError, match="no place in the table"):
        as_claim(claim)


def test_only_a_test_that_passed_proves_something() -> None:
    results = Results()
    results.add(report("passed", when="setup"))
    assert results.claims() == []
    results.add(report("passed"))
    assert results.claims() == [STEPS]
    results.add(report("failed", when="teardown"))
    assert results.claims() == []
    results.add(report("failed", test="test_a_node[two]"))
    assert results.claims() == []


def test_the_table_of_a_run_names_each_sentence_once() -> None:
    results = Results()
    for test in ("test_a_node[one]", "test_a_node[two]", "test_nothing_waits"):
        results.add(report("passed", test=test))
    assert list(results.table()) == [
        "first boot",
        "  passed     2.5 s  a node, 2 cases",
        "  passed     1.2 s  nothing waits",
    ]
    assert json.loads(results.as_json())["proven"] == [list(STEPS)]
    results.add(report("failed", when="teardown", test="test_a_node[two]"))
    assert list(results.table())[1] == "  FAILED     3.8 s  a node, 2 cases"


def test_a_whole_run_that_proves_other_things_is_told_apart() -> None:
    other = ("debian-12", *STEPS[1:])
    assert differences([STEPS], [STEPS]) == []
    assert differences([STEPS], [other]) == [
        "claimed, but not proven by this run: debian-13 amd64 steps up to the tailnet",
        "proven, but not claimed: debian-12 amd64 steps up to the tailnet",
    ]


@pytest.mark.parametrize(
    ("argument", "options", "exitstatus"),
    [
        ("tests/lab", {}, pytest.ExitCode.TESTS_FAILED),
        ("tests/lab/test_first_boot.py", {}, pytest.ExitCode.OK),
        ("tests/lab", {"keyword": "boot"}, pytest.ExitCode.OK),
    ],
)
def test_a_whole_run_that_does_not_prove_the_readme_has_failed(
    argument: str, options: dict[str, str], exitstatus: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "EVIDENCE", tmp_path / "evidence")
    no_parts = SimpleNamespace(get_plugin=lambda _name: None)
    config: Any = SimpleNamespace(args=[str(ROOT / argument)], getoption=options.get, pluginmanager=no_parts)
    session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    reporter = Reporter(config)
    reporter.pytest_runtest_logreport(report("passed", claim=("debian-12", "arm64", "steps", "a walk on the moon")))
    reporter.pytest_sessionfinish(session)
    assert session.exitstatus == exitstatus
    assert "a walk on the moon" in (tmp_path / "evidence/results.json").read_text()


@pytest.mark.parametrize("lab", ["lab", "arm64"])
def test_emulated_machines_and_the_others_do_not_answer_for_each_other(
    lab: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated = ("debian-13", "arm64", "steps", f"{EMULATED}up to the tailnet")
    monkeypatch.setattr(reporting, "EVIDENCE", tmp_path / "evidence")
    monkeypatch.setattr(reporting, "read_claims", lambda: sorted([STEPS, emulated]))
    no_parts = SimpleNamespace(get_plugin=lambda _name: None)
    config: Any = SimpleNamespace(args=[str(ROOT / "tests" / lab)], getoption={}.get, pluginmanager=no_parts)
    for shown, exitstatus in (
        ({"lab": STEPS, "arm64": emulated}[lab], pytest.ExitCode.OK),
        ({"lab": emulated, "arm64": STEPS}[lab], pytest.ExitCode.TESTS_FAILED),
    ):
        session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
        reporter = Reporter(config, lab)
        reporter.pytest_runtest_logreport(report("passed", claim=shown))
        reporter.pytest_sessionfinish(session)
        assert session.exitstatus == exitstatus


def test_claims_come_back_as_they_were_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.support.PROVEN", tmp_path / PROVEN.name)
    monkeypatch.setattr("tests.readme.ROOT", tmp_path)
    for language in LANGUAGES:
        readme(language, PART).parent.mkdir(exist_ok=True)
        readme(language, PART).write_text("a\n<!-- support -->\nold\n<!-- /support -->\nb\n")
    keep_claims([STEPS])
    assert read_claims(tmp_path / PROVEN.name) == [STEPS]
    for language in LANGUAGES:
        table = support_table([STEPS], language)
        assert readme(language, PART).read_text() == f"a\n<!-- support -->\n{table}<!-- /support -->\nb\n"
    readme("ko", PART).write_text("a table that was lost\n")
    with pytest.raises(ValueError, match=r"where-it-has-run\.ko\.md: 0 parts support"):
        keep_claims([STEPS])
