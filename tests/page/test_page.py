"""The page does what it says, asks nothing of anyone, and can be read and used by everyone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from meshstrap.plan import Plan
from tests.golden.cases import secrets_for

from .conftest import AXE, DESKTOP, PHONE, Open, Rendered

CLIPBOARD = "navigator.clipboard.readText()"
# The widest thing on the page, by what sticks out at the right.
STICKS_OUT = """width => [...document.querySelectorAll("body *")]
  .filter(item => item.checkVisibility() && item.getBoundingClientRect().right > width + 0.5)
  .filter(item => !item.closest("textarea, .unseen, .skip, .languages input") && !item.closest(".scroll > *"))
  .map(item => item.outerHTML.slice(0, 120))"""


def clipboard(page: Page) -> bytes:
    text: str = page.evaluate(CLIPBOARD)
    return text.encode()


def names(plan: Plan) -> list[str]:
    return [node.name for node in plan.nodes]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_copy_button_gives_the_exact_bytes(example: Rendered, open_page: Open, language: str) -> None:
    opened = open_page(example.url, language=language)
    for node in names(example.plan):
        button = opened.page.locator(f'[data-copy="user-data-{node}"]')
        assert node in button.inner_text()
        button.click()
        told = opened.page.locator(f"#node-{node} .said .t:visible")
        told.wait_for()
        assert f"{len(example.user_data(node)):,}" in told.inner_text()
        assert clipboard(opened.page) == example.user_data(node)
    assert opened.said == []


def test_a_browser_without_a_clipboard_copies_the_old_way(example: Rendered, open_page: Open) -> None:
    refuse = "navigator.clipboard.writeText = () => Promise.reject(new Error('no'))"
    opened = open_page(example.url, before=refuse)
    opened.page.locator('[data-copy="user-data-w1"]').click()
    opened.page.locator("#node-w1 .said .t:visible").wait_for()
    assert clipboard(opened.page) == example.user_data("w1")


def test_a_refused_copy_is_said(example: Rendered, open_page: Open) -> None:
    refuse = "navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false"
    opened = open_page(example.url, before=refuse)
    opened.page.locator('[data-copy="user-data-w1"]').click()
    told = opened.page.locator("#node-w1 .said .t:visible")
    told.wait_for()
    assert "select the text" in told.inner_text()
    assert opened.page.locator("#user-data-w1").is_visible()


def test_commands_are_copied_whole(example: Rendered, open_page: Open) -> None:
    opened = open_page(example.url)
    buttons = opened.page.locator(".command .copy").all()
    assert buttons
    for button in buttons:
        button.click()
        button.locator("..").locator(".said .t:visible").wait_for()
        shown = opened.page.locator(f"#{button.get_attribute('data-copy')}").text_content() or ""
        assert clipboard(opened.page).decode() == shown


@pytest.mark.parametrize("kind", ["example", "public", "long_names"])
def test_it_asks_for_nothing_and_says_nothing(request: pytest.FixtureRequest, open_page: Open, kind: str) -> None:
    rendered: Rendered = request.getfixturevalue(kind)
    opened = open_page(rendered.url)
    for details in opened.page.locator("details").all():
        details.evaluate("item => { item.open = true }")
    opened.page.wait_for_load_state("networkidle")
    assert opened.asked in ([rendered.url], [rendered.url, "data:,"])
    assert opened.said == []


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", ["example", "public", "long_names"])
def test_nothing_is_wider_than_a_phone(
    request: pytest.FixtureRequest, open_page: Open, kind: str, language: str
) -> None:
    rendered: Rendered = request.getfixturevalue(kind)
    page = open_page(rendered.url, width=PHONE, language=language).page
    for details in page.locator("details").all():
        details.evaluate("item => { item.open = true }")
    assert page.evaluate(STICKS_OUT, PHONE) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    # Letters in the pictures are drawn at their own size, not shrunk with the picture.
    drawn = page.locator("figure svg:visible").first.bounding_box()
    assert drawn is not None
    assert drawn["width"] >= 0.9 * PHONE - 16


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", ["example", "public", "long_names"])
def test_axe_finds_nothing(
    request: pytest.FixtureRequest, open_page: Open, kind: str, language: str, width: int, dark: bool
) -> None:
    rendered: Rendered = request.getfixturevalue(kind)
    page = open_page(rendered.url, width=width, language=language, dark=dark).page
    for details in page.locator("details").all():
        details.evaluate("item => { item.open = true }")
    if kind != "public":
        page.locator(".give .copy").first.click()
        page.locator(".said .t:visible").first.wait_for()
    assert axe(page) == {}


def axe(page: Page) -> dict[str, list[str]]:
    """Every rule of axe-core that is broken, contrast among them, with the places."""
    # Through the debugger: the page's own policy lets no other script in.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return {rule["id"]: [node["html"][:160] for node in rule["nodes"]] for rule in found["violations"]}


def test_the_policy_lets_no_other_script_in(example: Rendered, open_page: Open) -> None:
    opened = open_page(example.url)
    opened.page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend", "<img src='x' onerror='window.got = 1'><a style='color:red'>");
          const script = document.createElement("script");
          script.textContent = "window.got = 1";
          document.body.append(script);
          fetch("https://example.net/").catch(() => {});
        }"""
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.got") is None
    assert len([text for text in opened.said if "Content Security Policy" in text]) >= 3


def test_the_keyboard_is_enough(example: Rendered, open_page: Open) -> None:
    page = open_page(example.url).page
    page.keyboard.press("Tab")
    assert focused(page) == "a#"
    page.keyboard.press("Tab")
    assert focused(page) == "input#language-en"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "input#language-ko"
    assert page.locator("h2", has_text="머신 만들기").is_visible()
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        assert has_visible_focus(page), focused(page)
        reached.append(
            page.evaluate("document.activeElement.dataset.copy ?? document.activeElement.dataset.tick ?? ''")
        )
        if reached[-1] == "user-data-w1":
            page.keyboard.press("Enter")
            page.locator("#node-w1 .said .t:visible").wait_for()
            assert clipboard(page) == example.user_data("w1")
    # Behind the last element the browser begins anew.
    reached = [*dict.fromkeys(reached)]
    copied = [name.removeprefix("user-data-") for name in reached if name.startswith("user-data-")]
    assert copied == ["cp1", "w1", "w2"]
    assert [name for name in reached if name in {"cp1", "w1", "w2"}] == ["cp1", "w1", "w2"]
    assert {"command-watch-1", "command-serial-1", "command-pytest-1"} <= set(reached)


def focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.localName + '#' + document.activeElement.id")
    return text


def has_visible_focus(page: Page) -> bool:
    """Whether the element that has the focus, or the label that stands for it, is outlined."""
    outlined: bool = page.evaluate(
        """() => {
          const item = document.activeElement;
          if (item === document.body) return true;
          const shown = item.name === "language" ? item.labels[0] : item;
          const style = getComputedStyle(shown);
          return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        }"""
    )
    return outlined


def test_without_javascript_only_the_copy_buttons_are_missing(example: Rendered, open_page: Open) -> None:
    page = open_page(example.url, script=False).page
    assert page.locator(".copy:visible").count() == 0
    assert page.locator("h2", has_text="Create the machines").is_visible()
    assert page.locator("h2", has_text="머신 만들기").count() == 1
    page.get_by_text("한국어").click()
    assert page.locator("#machines > h2 .t[lang=ko]").is_visible()
    assert not page.locator("#machines > h2 .t[lang=en]").is_visible()
    page.locator("#node-w1 .give summary").click()
    assert page.locator("#user-data-w1").input_value().encode() == example.user_data("w1")
    page.locator("#node-w1 .tick input").check()
    assert not page.locator("#node-w1 .node-body").is_visible()
    assert page.title() == f"{example.plan.name}: create its machines · meshstrap"


def test_language_and_ticks_are_remembered(example: Rendered, open_page: Open) -> None:
    page = open_page(example.url).page
    page.get_by_text("한국어").click()
    page.locator("#node-w1 .tick input").check()
    page.reload()
    assert page.locator("#machines > h2 .t[lang=ko]").is_visible()
    assert page.locator("#node-w1 .tick input").is_checked()
    assert not page.locator("#node-cp1 .tick input").is_checked()
    assert page.evaluate("document.documentElement.lang") == "ko"


def test_the_machines_that_are_created_are_counted_here_and_in_the_title(example: Rendered, open_page: Open) -> None:
    page = open_page(example.url).page
    counter = page.locator(".counter .t:visible")
    expect(counter).to_have_text("0 of 3 machines created")
    expect(page).to_have_title(f"(0/3) {example.plan.name}: create its machines · meshstrap")
    page.locator("#node-w1 .tick input").check()
    page.locator("#node-cp1 .tick input").check()
    expect(counter).to_have_text("2 of 3 machines created")
    page.locator("#node-w1 .tick input").uncheck()
    page.reload()
    page.get_by_text("한국어").click()
    expect(counter).to_have_text("머신 3대 가운데 1대를 만들었습니다")
    expect(page).to_have_title(re.compile(r"^\(1/3\) "))


def test_a_browser_that_keeps_nothing_still_works(example: Rendered, open_page: Open) -> None:
    forget = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    opened = open_page(example.url, before=forget)
    opened.page.locator('[data-copy="user-data-w1"]').click()
    opened.page.locator("#node-w1 .said .t:visible").wait_for()
    assert clipboard(opened.page) == example.user_data("w1")
    assert opened.said == []


def test_what_may_be_shown_holds_no_secret(public: Rendered, open_page: Open) -> None:
    page = open_page(public.url).page
    text = (public.root / "index.html").read_text()
    secrets = secrets_for(public.plan)
    for node in names(public.plan):
        key, token = secrets.auth_key(node), secrets.bootstrap_token(node)
        assert key is not None
        assert key.reveal() not in text
        assert token is None or token.token.reveal() not in text
    assert page.locator("textarea").count() == 0
    assert "No secrets in here" in page.locator(".notice").inner_text()


def test_a_name_is_text_and_nothing_else(example: Rendered, open_page: Open, hostile_page: Rendered) -> None:
    opened = open_page(hostile_page.url)
    assert opened.page.evaluate("window.got") is None
    assert opened.page.locator("main img, main iframe, main script, svg script").count() == 0
    assert json.loads(opened.page.evaluate("JSON.stringify(document.body.dataset.cluster)")) == hostile_page.plan.name
    assert opened.said == []
