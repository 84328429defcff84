"""Mermaid itself reads the Mermaid texts, and the browser draws the SVG files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from meshstrap.plan import Plan
from meshstrap.views.pictures import PICTURES, mermaid_picture, svg_picture
from tests.bench.made_up import inventory_text
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan
from tests.hostile import BREAKING_OUT, hostile_plan

from .conftest import LONG_NAMES, MERMAID, Open

KINDS = {"topology": "flowchart-v2", "packet": "flowchart-v2", "boot": "timeline"}
DRAW = """async text => {
  const kind = (await mermaid.parse(text)).diagramType;
  const drawn = await mermaid.render("drawn", text);
  document.body.innerHTML = drawn.svg;
  return [kind, document.body.innerText];
}"""
ALONE = "cluster: {name: alone}\naccounts: [{name: a}]\nnodes: [{name: cp1, account: a, role: control-plane}]\n"
PLANS: dict[str, Callable[[], Plan]] = {
    "example": example_plan,
    "alone": partial(plan_of, ALONE),
    "long names": partial(plan_of, LONG_NAMES),
    "many": partial(plan_of, inventory_text(300)),
    **{system: partial(system_plan, system) for system in SYSTEMS},
}


@pytest.fixture(scope="module")
def mermaid(browser: Browser) -> Iterator[Page]:
    """An empty page with Mermaid in it, as strict as GitHub runs it."""
    page = browser.new_page()
    page.add_script_tag(path=MERMAID)
    page.evaluate("mermaid.initialize({startOnLoad: false, securityLevel: 'strict'})")
    yield page
    page.close()


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("case", PLANS)
def test_mermaid_reads_and_draws_it(mermaid: Page, case: str, name: str, language: str) -> None:
    plan = PLANS[case]()
    kind, shown = mermaid.evaluate(DRAW, mermaid_picture(plan, name, language))
    assert kind == KINDS[name]
    assert squeezed(plan.control_plane) in squeezed(shown)


def test_mermaid_refuses_what_is_no_mermaid(mermaid: Page) -> None:
    with pytest.raises(Exception, match="Parse error"):
        mermaid.evaluate(DRAW, "flowchart TB\n  a[[[x\n")


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("word", BREAKING_OUT)
def test_a_name_stays_a_name_in_mermaid(mermaid: Page, name: str, word: str) -> None:
    kind, shown = mermaid.evaluate(DRAW, mermaid_picture(hostile_plan(word), name, "en"))
    assert kind == KINDS[name]
    assert mermaid.evaluate("window.got") is None
    assert mermaid.locator("body img, body script, body iframe, body a").count() == 0
    # What was written is what is read.
    assert squeezed(f"cp1{word}") in squeezed(shown)


def squeezed(text: str) -> str:
    """Without blanks: Mermaid breaks lines where it likes."""
    return "".join(text.split())


@pytest.mark.parametrize("word", ["example", *BREAKING_OUT])
def test_svg_files_are_drawn_alone(open_page: Open, tmp_path: Path, word: str) -> None:
    plan: Plan = example_plan() if word == "example" else hostile_plan(word)
    for name in PICTURES:
        (tmp_path / f"{name}.svg").write_text(svg_picture(plan, name, "ko"), encoding="utf-8")
        opened = open_page((tmp_path / f"{name}.svg").as_uri())
        assert opened.page.evaluate("document.documentElement.localName") == "svg"
        assert opened.page.locator("script, image, a, foreignObject").count() == 0
        assert opened.said == []
    page = tmp_path / "page.html"
    page.write_text("".join(f'<img src="{name}.svg">' for name in PICTURES), encoding="utf-8")
    sizes = open_page(page.as_uri()).page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert sizes == [360, 360, 360]
