"""What Korean has to have in common with its English, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

HANGUL = re.compile("[가-힣]")
PLACEHOLDER = re.compile(r"{(\w+)(?::[^}]*)?}")
CODE = re.compile(r"`[^`]+`")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
URL = re.compile(r"https?://[^\s`>)]+")
# A full stop behind a verb that is not in the polite form (합니다체).
PLAIN_FORM = re.compile(r"(?<![니])다\.|[가-힣]요\.")
POLITE_END = re.compile(r"(니다|십시오)(\([^)]*\))?\.$")
# CommonMark ends no emphasis between a bracket and a Korean particle
# (https://spec.commonmark.org/0.31.2/#right-flanking-delimiter-run).
OPEN_EMPHASIS = re.compile(r"[^\w\s*(]\*+[가-힣]")
# One word a term, as in English: whoever reads two of them looks for two things.
OTHER_WORDS = {"로그인 키": "인증 키"}
# A particle hangs on the sound before it, which a name does not tell.
PARTICLE = re.compile(r"\}(\*\*|`)?(은|는|이|가|을|를|와|과|로|으로|이라|라)(?=[\s.,])")
# Paths, flags, addresses, names with points or underscores, numbers of two digits.
TERM = re.compile(
    r"--[a-z][a-z-]+|/[a-z][A-Za-z0-9_./*-]+[a-z*]|[a-z_]+[._][a-z_][A-Za-z_.]*[a-z]|\b\d[\d.]*\d\b", re.ASCII
)
_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)}) (?=\d{{4}})")


def with_month_numbers(text: str) -> str:
    """Korean writes a month as its number."""
    return _MONTH.sub(lambda match: f"{_MONTHS.index(match[1]) + 1} ", text)


def figures(text: str) -> list[str]:
    """Its numbers, those in code and placeholders left out."""
    return sorted(NUMBER.findall(CODE.sub("", PLACEHOLDER.sub("", with_month_numbers(text)))))


def same(what: str, english: Iterable[str], korean: Iterable[str]) -> Iterator[str]:
    """A sentence when the two differ, in whatever order."""
    ours, theirs = sorted(english), sorted(korean)
    if ours != theirs:
        yield f"{what}: {', '.join(ours) or 'none'} in English, {', '.join(theirs) or 'none'} in Korean"


def style(korean: str) -> Iterator[str]:
    """How Korean is written in every place."""
    for what, found in (("not 합니다체", PLAIN_FORM), ("CommonMark does not end this emphasis", OPEN_EMPHASIS)):
        if match := found.search(korean):
            yield f"{what}: {korean[max(0, match.start() - 20) : match.end()]}"
    yield from (f"'{other}' is called '{word}' elsewhere" for other, word in OTHER_WORDS.items() if other in korean)


def text_rules(place: str, en: str, ko: str) -> Iterator[str]:
    """What is wrong with the Korean of a text that stands in a YAML file."""
    # Units and names are the same in both, if in another order.
    if not HANGUL.search(ko) and {*re.findall(r"\w+", ko)} - {*re.findall(r"\w+", en)}:
        yield "not translated"
    yield from same("placeholders", PLACEHOLDER.findall(en), PLACEHOLDER.findall(ko))
    yield from same("code", CODE.findall(en), CODE.findall(ko))
    yield from same("emphasis", re.findall(r"\*\*?", CODE.sub("", en)), re.findall(r"\*\*?", CODE.sub("", ko)))
    # The page reads its emphasis by its own rules (meshstrap/views/words).
    yield from style(CODE.sub("", ko if "/words/" not in place else ko.replace("*", "")))
    if "/decisions/" in place:
        yield from same("figures", figures(en), figures(ko))
        if re.search(r"\.(context|decision|consequences|evidence)\.", place) and not POLITE_END.search(ko):
            yield "no whole sentence in 합니다체"
    elif "checks" in place and not place.endswith(".title"):
        yield from (f"{term} is in English alone" for term in sorted({*TERM.findall(en)} - {*TERM.findall(ko)}))
    elif "/words/" in place and (match := PARTICLE.search(ko)):
        yield f"a particle hangs on a value: {match[0]}"
