"""The page that is made from the checks' texts is the one that would be made now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from meshstrap.steps import catalogue
from meshstrap.verify.catalogue import COLUMNS, checks, topics
from meshstrap.verify.check import Check, Topic
from tests.docs.troubleshooting import troubleshooting_markdown

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs"
PAGES = {"en": "troubleshooting.md", "ko": "troubleshooting.ko.md"}
# Names without the form in which the field writes them.
FLAT = re.compile(r"\b(api|ca|cilium|cpus|dns|kube proxy|mtu|nodeport|selinux|tailscale|tailscales|user data|uuid)\b")
# Words that stand in no command.
PROSE = re.compile(r"\b(the|then|is|are|where|which|until|has|give|take|correct|remove|compare|copy)\b")


CHECKS = checks(whole=True)


def page(language: str) -> str:
    return troubleshooting_markdown(CHECKS, language)


@pytest.mark.parametrize(("language", "name"), PAGES.items())
def test_the_page_of_symptoms_is_that_of_the_checks(language: str, name: str, update_golden: bool) -> None:
    path = FOLDER / name
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(language), encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == page(language), "nox -s update-golden writes it anew"


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.words.relative_to(ROOT).as_posix())
def test_a_topic_has_the_words_of_its_checks_and_no_others(topic: Topic) -> None:
    kept = yaml.safe_load(topic.words.read_text(encoding="utf-8"))
    assert list(kept) == [check.name for check in topic.checks]


def test_every_column_has_checks() -> None:
    assert tuple(dict.fromkeys(check.topic for check in CHECKS)) == COLUMNS
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_says_what_one_sees_why_it_matters_and_what_to_do(check: Check) -> None:
    words = check.words
    assert all((words.title.en, words.symptom.en, words.why.en, words.expected, words.source))
    # What is the same in both languages is a command, and nothing else.
    assert words.fix is None or words.fix.en != words.fix.ko or not PROSE.search(words.fix.en)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_source_in_the_project_is_there(check: Check) -> None:
    for place in re.findall(r"(?<![\w/])meshstrap/[\w/.]+", check.words.source):
        assert (ROOT / place).exists()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_title_is_a_sentence_with_its_capitals_hyphens_and_apostrophes(check: Check) -> None:
    title = check.words.title.en
    assert title[0].isupper() or title.split()[0] in {"containerd", "etcd", "ufw", "tailscaled", "bootstrap.sh"}
    assert not title.endswith(".")
    assert not FLAT.search(title)


def test_every_step_that_a_check_names_is_one() -> None:
    known = {step.name for step in catalogue()}
    assert {step for check in CHECKS for step in check.steps} <= known
