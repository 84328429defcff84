"""Parsers from the text in the file to one checked value each; every message states the value and the rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from typing import TypeVar

Value = TypeVar("Value")

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_WHOLE = re.compile(r"0|[1-9][0-9]*")
# 12 GB, 12GiB, 2.0, 02, 2 OCPUs.
_AMOUNT = re.compile(r"0*([0-9]+)(?:\.0+)? ?(?:[a-zA-Z]+)?")
# The scheme of a URL; a port or a path behind a host.
_AROUND_A_HOST = re.compile(r"^[a-z]+://|[:/].*$")
_LABEL_LENGTH = 63
_NAME_LENGTH = 253
# Longer than any value here: an SSH key of 16384 bits has about 2800.
_TEXT_LENGTH = 4096


def plain(text: str) -> str:
    """A text in the characters that it looks like: full-width ones as others, those that nobody sees left out."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")


def judged(parse: Callable[[object], Value], value: object) -> Value:
    """What a parser makes of a value; its error says what was meant when only the characters are another keyboard's."""
    try:
        return parse(value)
    except ValueError as error:
        meant = plain(value) if isinstance(value, str) else value
        if meant == value or type(error) is not ValueError or "did you mean" in str(error):
            raise
        raise ValueError(f"{error}{repaired(parse, str(meant))}") from None


def closest(word: str, known: tuple[str, ...]) -> str:
    """The known word that looks most like ``word``; empty when none does."""
    return next(iter(get_close_matches(plain(word).lower(), known, n=1, cutoff=0.6)), "")


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """``; did you mean 'role'?`` or nothing."""
    suggestion = closest(word, known)
    return f"; did you mean '{suggestion}'?" if suggestion else ""


def repaired(parse: Callable[[object], object], *candidates: str) -> str:
    """``; did you mean '2'?`` with the first candidate that the parser takes, or nothing."""
    for candidate in candidates:
        with suppress(ValueError):
            parse(candidate)
            return f"; did you mean '{candidate}'?"
    return ""


def parse_text(value: object) -> str:
    """Any text on one line."""
    text = parse_lines(value)
    if "\n" in text or "\t" in text:
        raise ValueError("this has to be one line of text, without tabs")
    if len(text) > _TEXT_LENGTH:
        raise ValueError(f"the text has {len(text)} characters; at most {_TEXT_LENGTH} are allowed")
    return text


def parse_lines(value: object) -> str:
    """Any text. Numbers and flags come only from the defaults of fields, which JSON Schema shows with their types."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int)):
        return str(value).lower()
    if value is None:
        raise ValueError("there is no value here")
    kind = "a mapping" if isinstance(value, dict) else "a list"
    raise ValueError(f"this has to be one value, not {kind}")


def parse_label(value: object) -> str:
    """A DNS label (RFC 1123), the form of a hostname and of a Kubernetes node name."""
    text = parse_text(value)
    if len(text) > _LABEL_LENGTH:
        raise ValueError(f"'{text}' has {len(text)} characters; at most {_LABEL_LENGTH} are allowed")
    if not _LABEL.fullmatch(text):
        rule = "only a-z, 0-9 and '-' are allowed, with a letter or digit first and last"
        raise ValueError(f"'{text}' is not a DNS label: {rule}" + _suggest_label(text))
    return text


def _suggest_label(text: str) -> str:
    candidate = re.sub(r"[^a-z0-9]+", "-", plain(text).lower()).strip("-")
    return f"; did you mean '{candidate}'?" if _LABEL.fullmatch(candidate) and candidate != text else ""


def parse_dns_name(value: object) -> str:
    """A DNS name: labels joined by dots, and not an address."""
    text = parse_text(value)
    labels = text.split(".")
    if len(text) > _NAME_LENGTH:
        raise ValueError(f"the name has {len(text)} characters; at most {_NAME_LENGTH} are allowed")
    if not all(_LABEL.fullmatch(label) and len(label) <= _LABEL_LENGTH for label in labels):
        alone = _AROUND_A_HOST.sub("", text.lower())
        hint = "" if text == alone else repaired(parse_dns_name, alone)
        raise ValueError(f"'{text}' is not a DNS name: labels of a-z, 0-9 and '-' with dots between them" + hint)
    if labels[-1].isdigit():
        raise ValueError(f"'{text}' is not a DNS name: its last label is a number; a name is needed, not an address")
    return text


def parse_version(value: object) -> str:
    """``MAJOR.MINOR.PATCH``, kept as text."""
    text = parse_text(value)
    if not _VERSION.fullmatch(text):
        number = text.removeprefix("v")
        hint = next((one for one in (number, f"{number}.0") if _VERSION.fullmatch(one)), "")
        raise ValueError(f"'{text}' is not MAJOR.MINOR.PATCH" + (f"; did you mean '{hint}'?" if hint else ""))
    return text


def parse_flag(value: object) -> bool:
    """``true`` or ``false``."""
    text = parse_text(value)
    if text in {"true", "false"}:
        return text == "true"
    wish = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text.lower())
    raise ValueError(f"'{text}' is not true or false" + did_you_mean(wish, ("true", "false")))


def whole_number(unit: str, least: int, most: int, why: str) -> Callable[[object], int]:
    """A parser for whole numbers from ``least`` to ``most``; ``why`` ends the message for those outside."""

    def parse(value: object) -> int:
        text = parse_text(value)
        if not _WHOLE.fullmatch(text):
            amount = _AMOUNT.fullmatch(text)
            hint = repaired(parse, amount[1]) if amount else ""
            raise ValueError(f"'{text}' is not a whole number of {unit}, written in plain digits" + hint)
        number = int(text)
        if not least <= number <= most:
            raise ValueError(f"{number} {unit} is outside {least} to {most}: {why}")
        return number

    return parse


def one_of(what: str, *known: str, reasons: dict[str, str] | None = None) -> Callable[[object], str]:
    """A parser for a word of a list; ``reasons`` explain words that one could expect but that are refused."""

    def parse(value: object) -> str:
        text = parse_text(value)
        if text in known:
            return text
        if reasons and text.lower() in reasons:
            raise ValueError(f"'{text}' is refused: {reasons[text.lower()]}")
        raise ValueError(f"'{text}' is not {what}: one of {', '.join(known)}{did_you_mean(text, known)}")

    return parse


def matching(pattern: str, rule: str, *repairs: Callable[[str], str]) -> Callable[[object], str]:
    """A parser for text of one form; ``rule`` says the form in words, ``repairs`` what a text of another may mean."""
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        text = parse_text(value)
        if not compiled.fullmatch(text):
            meant = [repair(text) for repair in repairs]
            hint = next((one for one in meant if one and compiled.fullmatch(one)), "")
            raise ValueError(f"'{text}' is not {rule}" + (f"; did you mean '{hint}'?" if hint else ""))
        return text

    return parse
