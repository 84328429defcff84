"""What people read on the page and in the pictures, in every language, side by side in the YAML files of this folder.

A text may hold `code`, *terms*, **what matters** and `{name}` for a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape
from pydantic import TypeAdapter

from meshstrap.language import LANGUAGES, Text
from meshstrap.own_yaml import read_typed

_FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{([a-z_]+)\}")
# CommonMark ends no emphasis between a bracket and a Korean particle (https://spec.commonmark.org/0.31.2/#right-flanking-delimiter-run),
# so these three are read here. Values come in afterwards: nothing in them is markup.
_MARKUP = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
)


@cache
def load_words(name: str) -> Mapping[str, Text]:
    """One file of texts, by key."""
    loaded = read_typed((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Text]).validate_python(loaded)


def say(name: str, key: str, language: str, **values: object) -> str:
    """A text as it is, with its values. ``KeyError``: no such text, language or value."""
    return _PLACE.sub(lambda match: str(values[match[1]]), load_words(name)[key].of(language))


def say_html(name: str, key: str, **values: object) -> Markup:
    """A text in every language, a `span` each, as HTML; the values are escaped. ``KeyError`` as for :func:`say`."""
    return in_every_language({language: _html(name, key, language, values) for language in LANGUAGES})


def in_every_language(texts: Mapping[str, Markup]) -> Markup:
    """Language → HTML as one `span` for each, of which the page shows one."""
    span = Markup('<span class="t" lang="{}">{}</span>')
    return Markup().join(span.format(language, html) for language, html in texts.items())


def _html(name: str, key: str, language: str, values: Mapping[str, object]) -> Markup:
    template = _template(name, key, language)
    return Markup(_PLACE.sub(lambda match: str(escape(values[match[1]])), template))  # noqa: S704 - each value is escaped just here


@cache
def _template(name: str, key: str, language: str) -> str:
    html = str(escape(load_words(name)[key].of(language)))
    for pattern, replacement in _MARKUP:
        html = pattern.sub(replacement, html)
    return html
