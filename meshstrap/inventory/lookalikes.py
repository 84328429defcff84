"""Characters that look like those of a keyboard and are others: word processors, chats and phones put them there.

They are right in a comment and may be right in a value, so only one that is part of a problem is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from meshstrap.errors import Problem

_QUOTES = {**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″«»", '"')}  # noqa: RUF001 - the point
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
# PyYAML notices a line that is no 'key: value' when it meets the next colon.
_LINES_BEFORE = 2
_LINES_AFTER = 3


def meant(character: str) -> str:
    """What a character is taken for, in words; empty: for itself."""
    kind = unicodedata.category(character)
    folded = unicodedata.normalize("NFKC", character)
    if character.isascii():
        return ""
    if kind == "Zs":
        return "a plain space"
    if kind == "Cf":
        return "nothing at all"
    if kind == "Pd" or character == "−":  # noqa: RUF001 - the minus sign
        return "'-'"
    key = _QUOTES.get(character, folded if folded.isascii() and kind[0] in "PSNL" else "")
    if key in {"'", '"'}:
        return "a plain quotation mark"
    return f"'{key}'" if key else ""


def name_lookalikes(problems: Iterable[Problem], text: str) -> Iterator[Problem]:
    """The problems; one that such a character is part of stands where the character does, and names it."""
    lines = text.split("\n")
    for problem in problems:
        place = next(_in_value(problem, lines) if problem.path else _in_syntax(problem, lines), None)
        yield _named(problem, lines, *place) if place else problem


def _in_value(problem: Problem, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Places of those that the problem itself quotes, from where it begins."""
    said = f"{problem.path} {problem.message}"
    for number in range(problem.line, min(problem.line + _LINES_AFTER, len(lines) + 1)):
        begin = problem.column if number == problem.line else 1
        for column, character in enumerate(lines[number - 1][begin - 1 :], begin):
            if character in said and meant(character):
                yield number, column


def _in_syntax(problem: Problem, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Places of those outside quotes and comments, the nearest line first, where the text is no YAML."""
    if not problem.message.startswith("not YAML"):
        return
    for number in range(min(problem.line, len(lines)), max(problem.line - _LINES_BEFORE - 1, 0), -1):
        plain = _QUOTED.sub(lambda match: " " * len(match[0]), lines[number - 1])
        for column, character in enumerate(_COMMENT.sub("", plain), 1):
            if meant(character):
                yield number, column


def _named(problem: Problem, lines: list[str], line: int, column: int) -> Problem:
    character = lines[line - 1][column - 1]
    name = f"U+{ord(character):04X} ({unicodedata.name(character, 'unnamed').lower()})"
    message = f"{name} stands here, which looks like {meant(character)}: {problem.message}"
    return replace(problem, line=line, column=column, message=message)
