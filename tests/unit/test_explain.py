"""The explanations as people see them: on a terminal of 80 columns, in a pipe, and as pages."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from functools import partial

import pytest
from rich.cells import cell_len
from rich.console import Console

from meshstrap.decisions import decision, holds, load_flowchart, load_words, topics
from meshstrap.language import LANGUAGES, Figures
from meshstrap.plan.figures import derive_figures
from meshstrap.views.compat import show_collision, show_profile
from meshstrap.views.explain import show_decision, show_way
from meshstrap.views.screen import Screen
from tests.docs.decisions import decision_pages
from tests.golden.cases import example_plan
from tests.readme import ROOT, hold_part

PAGES = ROOT / "docs" / "decisions"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

Show = Callable[[Screen], None]


def figures() -> Figures:
    return derive_figures(example_plan())


def shown(show: Show, columns: int | None) -> list[str]:
    """The lines on a terminal of so many columns, or in a pipe."""
    text, screen = io.StringIO(), Screen()
    if columns:
        screen.out = Console(file=text, width=columns, force_terminal=True, no_color=True, highlight=False)
    else:
        screen.out = Console(file=text, width=2000, force_terminal=False, highlight=False)
    show(screen)
    return ESCAPES.sub("", text.getvalue()).splitlines()


def views() -> dict[str, Show]:
    """Everything that can be shown."""
    found: dict[str, Show] = {}
    for language in LANGUAGES:
        found[f"way-{language}"] = partial(show_way, language=language, figures=figures())
        for topic in topics():
            whole = partial(show_decision, wanted=decision(topic), language=language, figures=figures())
            found[f"{topic}-{language}"] = whole
    found["profile"] = lambda screen: show_profile(screen, example_plan(), everything=True)
    found["collision"] = lambda screen: show_collision(screen, example_plan().collisions[0])
    return found


VIEWS = views()


@pytest.mark.parametrize("name", VIEWS)
def test_no_line_is_wider_than_80_columns_but_a_link(name: str) -> None:
    wide = [line for line in shown(VIEWS[name], 80) if cell_len(line) > 80]
    # `say` leaves a long line to the terminal: links, and the title of the table of collisions.
    assert [line for line in wide if "https://" not in line and not line.startswith(("Known collisions", "`"))] == []


@pytest.mark.parametrize("name", VIEWS)
def test_piped_lines_are_whole_and_have_no_blanks_at_their_end(name: str) -> None:
    lines = shown(VIEWS[name], None)
    assert [line for line in lines if line != line.rstrip()] == []
    assert not any("\x1b" in line for line in lines)


def test_the_way_names_facts_refusals_prices_and_topics() -> None:
    text = "\n".join(shown(VIEWS["way-en"], None))
    for words in (
        "3 of 3 pairs of nodes lie in different accounts",
        "alice 10.0.0.0/24, bob 10.0.0.0/24, carol 10.0.0.0/24",
        "each of 3 nodes needs 2 routes, 6 in all",
        "6 routes on 4 machines",
        "1190 data + 40 = 1230 in the pod, + 50 = 1280 in tailscale0, + 60 WireGuard = 1340 of 1500",
        "0.05 to 0.29 measured",
        "more: `invoke explain routing`",
    ):
        assert words in text
    assert all(re.search(rf"^   {topic} ", text, re.MULTILINE) for topic in topics())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", topics())
def test_a_decision_is_shown_whole(topic: str, language: str) -> None:
    text = "\n".join(shown(VIEWS[f"{topic}-{language}"], None))
    wanted, words = decision(topic), load_words()
    for part in ("context", "decision", "here", "refused", "consequences", "evidence", "reconsider", "related"):
        assert words[part].say(language, figures()) in text.splitlines()
    assert all(paragraph.link in text for paragraph in wanted.evidence)
    assert all(item.name.say(language, figures()) in text for item in holds(wanted.refused, figures()))


def pages() -> Mapping[str, str]:
    return decision_pages(figures())


def test_pages_are_those_of_the_texts(update_golden: bool) -> None:
    made = pages()
    if update_golden:
        PAGES.mkdir(parents=True, exist_ok=True)
        for path in PAGES.glob("*.md"):
            path.unlink()
        for name, text in made.items():
            (PAGES / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*")}
    assert kept == made, "pytest tests/unit/test_explain.py --update-golden, and read the git diff"


def test_links_between_pages_lead_somewhere() -> None:
    made = pages()
    for text in made.values():
        assert set(re.findall(r"\]\(([\w.-]+\.md)\)", text)) <= set(made)


def excerpt(language: str) -> str:
    """The first question, that of the routing, and the table, as a terminal of 80 columns shows them."""
    blocks = "\n".join(line.rstrip() for line in shown(VIEWS[f"way-{language}"], 80)).split("\n\n")
    wanted = ("1. ", "5. ", load_flowchart().tradeoffs.title.say(language, figures()))
    found = [block for start in wanted for block in blocks if block.startswith(start)]
    assert len(found) == len(wanted)
    return "```\n" + "\n…\n".join(found) + "\n```\n"


def test_the_readme_shows_what_is_said(update_golden: bool) -> None:
    hold_part("explain", excerpt, update=update_golden)
