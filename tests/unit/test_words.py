"""The texts of the page and the pictures: each is used, and its markup is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from meshstrap.language import LANGUAGES
from meshstrap.views.words import load_words, say, say_html

FILES = ("page", "pictures")
TEXTS = [(name, key) for name in FILES for key in load_words(name)]
VIEWS = Path(__file__).resolve().parents[2] / "meshstrap" / "views"
# Notices of the page and captions of the pictures, whose keys are put together.
WHOLE = ("secret", "public", "topology", "packet", "boot")


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_no_mark_is_left_open(name: str, key: str) -> None:
    text = load_words(name)[key]
    values = {word: "x" for language in LANGUAGES for word in re.findall(r"\{([a-z_]+)\}", text.of(language))}
    html = str(say_html(name, key, **values))
    assert html.count('<span class="t" ') == len(LANGUAGES)
    assert "*" not in html
    assert "`" not in html


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_every_text_is_used(name: str, key: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (VIEWS / name).iterdir() if path.suffix in {".py", ".j2"}]
    made_up = {"control-plane", "worker", *(f"{word}_{part}" for word in WHOLE for part in ("title", "text"))}
    assert key in made_up or any(re.search(rf"['\"]{key}['\"]", text) for text in sources)


def test_a_value_is_escaped_and_no_markup() -> None:
    html = say_html("page", "account", account="<b>*x*`y`{z}</b>")
    assert isinstance(html, Markup)
    assert "&lt;b&gt;*x*`y`{z}&lt;/b&gt;" in html
    assert "<b>" not in html


def test_a_text_as_it_is() -> None:
    assert say("pictures", "account", "ko", account="<a>") == "계정 <a>"
    with pytest.raises(KeyError):
        say("pictures", "account", "ko")
    with pytest.raises(KeyError):
        say("pictures", "nothing", "en")
