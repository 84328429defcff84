"""The texts in YAML files: whatever has an `en`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.korean.pair import ROOT, Pair
from tests.korean.rules import CODE, text_rules
from tests.lab.support import read_claims, translated

PLACES = ("meshstrap/**/*.yaml", "scripts/**/*.yaml", "tests/readme.yaml")
# A link to the other language is written in that one.
OTHER_WAY_ROUND = "meshstrap/decisions/words.yaml.other_language"


def texts(root: Path = ROOT) -> Iterator[Pair]:
    """Every text in every file. Without Korean ``ko`` is empty."""
    for path in sorted(path for place in PLACES for path in root.glob(place)):
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - text, lists, dicts
        for place, found in _walk(loaded, path.relative_to(root).as_posix()):
            en, ko = found["en"], found.get("ko", "")
            wrong = () if place == OTHER_WAY_ROUND or not ko else tuple(text_rules(place, en, ko))
            if en:
                yield Pair(place=place, en=en, ko=ko, wrong=wrong)


def claims() -> Iterator[Pair]:
    """What the README's table says that the lab has proven: its Korean stands in tests/lab/support.py."""
    for value in sorted({value for *_, value in read_claims()}):
        korean = translated(value, "ko")
        foreign = korean == value and re.search("[a-z]", CODE.sub("", value))
        yield Pair(place=f"tests/lab/support.py: {value}", en=value, ko="" if foreign else korean)


def _walk(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and isinstance(value.get("en"), str):
        yield place, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, f"{place}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, f"{place}.{number}")
