"""The pictures of the page in the READMEs: ``--update-golden`` takes them, and they still look like the page."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Page

from .conftest import ROOT, Open, Rendered

PICTURES = {"en": "docs/page.png", "ko": "docs/page.ko.png"}
READMES = {"en": "README.md", "ko": "README.ko.md"}
WIDTH, HEIGHT = 1000, 800
LARGEST_BYTES = 150_000
# Of 255. Letters of another font and another number change little of a picture that is this small; another layout does.
MOST_DIFFERENT = 8
# Both pictures, so small that a letter is less than a dot: the mean difference of their dots.
DIFFERENCE = """async pictures => {
  const dots = await Promise.all(pictures.map(async picture => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [50, 36];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, 50, 36);
    return context.getImageData(0, 0, 50, 36).data;
  }));
  return dots[0].reduce((sum, dot, index) => sum + Math.abs(dot - dots[1][index]), 0) / dots[0].length;
}"""


def taken(example: Rendered, open_page: Open, language: str) -> bytes:
    """The machines, one of which is created."""
    page = open_page(example.url, width=WIDTH, language=language).page
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.locator("#node-w1 .tick input").check()
    page.evaluate("document.querySelector('#machines h2').scrollIntoView({behavior: 'instant'})")
    picture: bytes = page.screenshot(animations="disabled")
    return picture


def difference(page: Page, *pictures: bytes) -> float:
    found: float = page.evaluate(DIFFERENCE, [base64.b64encode(picture).decode() for picture in pictures])
    return found


@pytest.mark.parametrize("language", PICTURES)
def test_the_picture_of_a_readme_looks_like_the_page(
    example: Rendered, open_page: Open, update_golden: bool, language: str
) -> None:
    now, picture = taken(example, open_page, language), ROOT / PICTURES[language]
    if update_golden:
        picture.write_bytes(now)
    kept = picture.read_bytes()
    assert len(kept) < LARGEST_BYTES
    blank = open_page("about:blank").page
    assert difference(blank, now, kept) < MOST_DIFFERENT


def test_another_part_of_the_page_does_not_look_like_it(example: Rendered, open_page: Open) -> None:
    page = open_page(example.url, width=WIDTH).page
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    assert (
        difference(open_page("about:blank").page, page.screenshot(), (ROOT / PICTURES["en"]).read_bytes())
        > MOST_DIFFERENT
    )


@pytest.mark.parametrize("language", PICTURES)
def test_both_readmes_show_it(language: str) -> None:
    assert f"]({PICTURES[language]})" in (ROOT / READMES[language]).read_text(encoding="utf-8")
