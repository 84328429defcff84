"""What a host has answered. There are three answers: yes, no, and that it could not be asked; the last is an error."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from meshstrap.verify.question import Question

_ABSENT = ("No such file or directory", "Not a directory")


class CannotTell(Exception):
    """A question has no answer: neither yes nor no. The text says which one, and why."""


@dataclass(frozen=True)
class FileMode:
    """Who may do what with a file: ``mode`` as four octal digits, ``kind`` file, folder or link."""

    mode: str
    owner: str
    kind: str
    bytes: int

    @property
    def is_roots_alone(self) -> bool:
        """Whether it is root's, and nobody else may read or change it."""
        return self.owner == "root" and self.mode.endswith("00")


@dataclass(frozen=True)
class Space:
    """A file system, by ``major:minor`` of its device; sizes are bytes and counts of inodes."""

    device: str
    bytes: int
    free: int
    inodes: int
    free_inodes: int


class _Said(TypedDict):
    code: int
    out: str
    err: str


class _Text(TypedDict):
    text: str
    changed: float


class _Failed(TypedDict):
    error: str


class _Told(TypedDict):
    texts: dict[str, _Text | _Failed]
    modes: dict[str, FileMode | _Failed]
    places: dict[str, Space | _Failed]
    commands: dict[str, _Said]


_FORM = TypeAdapter(_Told)


def nonsense(told: object) -> str:
    """What is wrong with the form of a host's answers, the first of it; empty: nothing."""
    try:
        _FORM.validate_python(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}"
    return ""


class Answers:
    """The answers of one host to all questions."""

    def __init__(self, raw: Mapping[str, Mapping[str, Any]], asked: Iterable[Question]) -> None:
        self.raw = raw
        self._asked = {question.name: question for question in asked}

    def add(self, name: str, told: Mapping[str, Any]) -> None:
        """What came later, as the answer of a command."""
        self.raw = {**self.raw, "commands": {**self.raw["commands"], name: told}}

    def code(self, name: str) -> int:
        """The exit code of a command, one of those that are answers."""
        question = self._asked[name]
        found = self.raw["commands"].get(name)
        if found is None:
            raise CannotTell(f"{name}: was not asked")
        code = int(found["code"])
        if code not in question.codes:
            said = str(found["err"] or found["out"]).strip().splitlines()
            how = f"exit {code}" if code >= 0 else "stopped"
            raise CannotTell(f"{name}: {how}: {said[-1] if said else 'without a word'}")
        return code

    def said(self, name: str) -> str:
        """What a command printed, without space at its end."""
        self.code(name)
        return str(self.raw["commands"][name]["out"]).rstrip()

    def lines(self, name: str) -> list[str]:
        """What a command printed, line by line."""
        return self.said(name).splitlines()

    def data(self, name: str) -> Any:
        """What a command printed as JSON."""
        try:
            return json.loads(self.said(name))
        except ValueError as error:
            raise CannotTell(f"{name}: no JSON: {error}") from error

    def text(self, path: str) -> str | None:
        """A file's text; ``None`` when there is no such file."""
        found = self.raw["texts"].get(path)
        if found is None or found.get("error") in _ABSENT:
            return None
        if "error" in found:
            raise CannotTell(f"{path}: {found['error']}")
        return str(found["text"])

    def needed_text(self, path: str) -> str:
        """A file's text, where its absence is no answer."""
        text = self.text(path)
        if text is None:
            raise CannotTell(f"{path}: is not there")
        return text

    def texts(self, *patterns: str) -> dict[str, str]:
        """All files below these patterns, by path, in order."""
        paths = [path for pattern in patterns for path in self.raw["texts"] if fnmatch.fnmatch(path, pattern)]
        found = {path: self.text(path) for path in paths}
        return {path: text for path, text in found.items() if text is not None}

    def changed(self, path: str) -> float:
        """When a file was last changed, in seconds since 1970."""
        self.needed_text(path)
        return float(self.raw["texts"][path]["changed"])

    def modes(self, pattern: str) -> dict[str, FileMode]:
        """Owner and mode of all files below a pattern, by path."""
        found = {}
        for path, told in self.raw["modes"].items():
            if not fnmatch.fnmatch(path, pattern) or told.get("error") in _ABSENT:
                continue
            if "error" in told:
                raise CannotTell(f"{path}: {told['error']}")
            found[path] = FileMode(**told)
        return found

    def place(self, path: str) -> Space | None:
        """The file system of a path, or the number of a device; ``None`` when there is no such path."""
        found = self.raw["places"].get(path)
        if found is None or found.get("error") in _ABSENT:
            return None
        if "error" in found:
            raise CannotTell(f"{path}: {found['error']}")
        return Space(**found)
