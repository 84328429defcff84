"""What programs write into pages for people, in every language: the text between `<!-- name -->` and `<!-- /name -->`.

A part is made by one function for both languages, so neither page can be older than the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from meshstrap.language import LANGUAGES, Text
from tests.docs.decisions import page_name

ROOT = Path(__file__).resolve().parents[1]
WORDS = Path(__file__).with_suffix(".yaml")

Made = Callable[[str], str]
"""A part in a language."""


PAGES = {
    "steps": "docs/steps",
    "shares": "docs/sources",
    "support": "docs/where-it-has-run",
    "cost": "docs/costs",
    "paths": "docs/costs",
    "explain": "docs/why",
}
"""Part → the page that it stands in; every other one stands in the README."""


def readme(language: str, part: str = "") -> Path:
    """The README in a language, or the page of that part."""
    return ROOT / page_name(PAGES.get(part, "README"), language)


def place(name: str) -> re.Pattern[str]:
    """Where a part stands; its first group is the text."""
    return re.compile(rf"(?<=<!-- {name} -->\n)(.*?)(?=<!-- /{name} -->)", re.DOTALL)


def write_part(name: str, made: Made) -> None:
    """Write a part anew in every language. ``ValueError``: its page has no such part, or has it twice."""
    for language in LANGUAGES:
        path = readme(language, name)
        # The text before, the part, the text after.
        pieces = place(name).split(path.read_text(encoding="utf-8"))
        if len(pieces) != 3:
            message = f"{path.name}: {len(pieces) // 2} parts {name}"
            raise ValueError(message)
        pieces[1] = made(language)
        path.write_text("".join(pieces), encoding="utf-8")


def hold_part(name: str, made: Made, *, update: bool) -> None:
    """Assert that a part is what would be written now; or write it."""
    if update:
        write_part(name, made)
    for language in LANGUAGES:
        path = readme(language, name)
        found = place(name).findall(path.read_text(encoding="utf-8"))
        assert found == [made(language)], f"{path.name}: nox -s update-golden, and read the git diff"


@cache
def load_words() -> Mapping[str, Text]:
    """What the tables of measurements and proofs say, by key, with `{values}`."""
    return TypeAdapter(dict[str, Text]).validate_python(yaml.safe_load(WORDS.read_text(encoding="utf-8")))


def say(key: str, language: str, **values: object) -> str:
    """One of these texts. ``KeyError``: no such text, language or value."""
    return load_words()[key].say(language, values)
