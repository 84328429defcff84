"""Both languages say the same things, in the same structure, with the same commands."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import Markup

from meshstrap.steps import catalogue
from meshstrap.views.words import LANGUAGES, load_words, say, say_html

FILES = ("page", "pictures")
TEXTS = [(name, key) for name in FILES for key in load_words(name)]
HANGUL = re.compile(r"[가-힣]")
# What is the same word in both languages, or no word at all.
SAME = {"tailnet", "machine", "added", "removed", "same", "bytes_of", "phase_tailnet", "tailnet_mtu"}
VIEWS = Path(__file__).resolve().parents[2] / "meshstrap" / "views"
# Notices of the page and captions of the pictures, whose keys are put together.
WHOLE = ("secret", "public", "topology", "packet", "boot")
# A particle hangs on the sound before it, which a value does not tell.
PARTICLE = re.compile(r"\}(\*\*|`)?(은|는|이|가|을|를|와|과|로|으로|이라|라)(?=[\s.,])")


class Shape(HTMLParser):
    """The tags of a text, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser hands it in
        self.tags.append(tag)


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_a_text_is_there_in_every_language_with_the_same_values_and_commands(name: str, key: str) -> None:
    texts = load_words(name)[key]
    assert set(texts) == set(LANGUAGES)
    for pattern in (r"\{[a-z_]+\}", r"`[^`]+`"):
        found = [sorted(re.findall(pattern, texts[language])) for language in LANGUAGES]
        assert all(values == found[0] for values in found)
    assert key in SAME or HANGUL.search(texts["ko"])
    assert not HANGUL.search(texts["en"])


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_both_sides_have_the_same_markup(name: str, key: str) -> None:
    values = {word: "x" for text in load_words(name)[key].values() for word in re.findall(r"\{([a-z_]+)\}", text)}
    html = str(say_html(name, key, **values))
    sides = [Shape(side).tags for side in html.split('<span class="t" ')[1:]]
    assert len(sides) == len(LANGUAGES)
    assert sorted(sides[0]) == sorted(sides[1])
    assert "*" not in html
    assert "`" not in html


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_no_korean_particle_hangs_on_a_value(name: str, key: str) -> None:
    assert not PARTICLE.search(load_words(name)[key]["ko"])


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_every_text_is_used(name: str, key: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (VIEWS / name).iterdir() if path.suffix in {".py", ".j2"}]
    made_up = {"control-plane", "worker", *(f"{word}_{part}" for word in WHOLE for part in ("title", "text"))}
    assert key in made_up or any(re.search(rf"['\"]{key}['\"]", text) for text in sources)


def test_every_step_is_said_in_korean() -> None:
    assert all(HANGUL.search(step.holds.ko) and not HANGUL.search(step.holds.en) for step in catalogue())


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
