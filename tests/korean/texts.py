"""The texts in YAML files, and those in the product's own code: whatever has an `en`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from tests.korean.pair import ROOT, Pair
from tests.korean.rules import CODE, text_rules
from tests.lab.support import read_claims, translated

PLACES = ("meshstrap/**/*.yaml", "scripts/**/*.yaml", "tests/docs/*.yaml", "tests/readme.yaml")
CODE_PLACES = ("meshstrap/**/*.py", "tests/docs/*.py")
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


def texts_in_code(root: Path = ROOT) -> Iterator[Pair]:
    """Every dictionary of constants with an `en`, text by text."""
    for path in sorted(path for place in CODE_PLACES for path in root.glob(place)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
                with suppress(ValueError):
                    found = ast.literal_eval(node)
                    if "en" in found:
                        place = f"{path.relative_to(root).as_posix()}:{node.lineno}"
                        yield from _side_by_side(place, found["en"], found.get("ko", ""))


def _side_by_side(place: str, en: Any, ko: Any) -> Iterator[Pair]:
    if isinstance(en, str):
        yield Pair(place=place, en=en, ko=ko, wrong=tuple(text_rules(place, en, ko)) if ko else ())
    else:
        for key in en if isinstance(en, dict) else range(len(en)):
            there = key in ko if isinstance(ko, dict) else isinstance(key, int) and key < len(ko)
            yield from _side_by_side(f"{place}.{key}", en[key], ko[key] if there else "")


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
