"""The values of a YAML file with the place where each was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from meshstrap.errors import Problem

Path: TypeAlias = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as the text that the person wrote; ``plain``: written without quotes."""

    position: Position
    text: str
    plain: bool

    @property
    def is_absent(self) -> bool:
        """``labels:`` with nothing behind it: the same as leaving the key out."""
        return self.plain and self.text == ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    position: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: where the key stands, and its value."""

    key: Position
    value: Node


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A mapping from text to values."""

    position: Position
    entries: Mapping[str, Entry]


Node: TypeAlias = Scalar | Sequence | Dictionary


def format_path(path: Path) -> str:
    """``nodes[0].name``; keys that are not plain words are quoted: ``labels["a.b/c"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an inventory stand in its file. Rules use it to make problems."""

    file: str
    root: Node

    def position(self, path: Path) -> Position:
        """The place of the value at ``path``; when it was not written, of the closest thing around it."""
        position, node = self.root.position, self.root
        for part in path:
            child = _child(node, part)
            if child is None:
                return position
            position, node = child.position, child
        return position

    def key_position(self, path: Path) -> Position:
        """The place of the key itself, for keys that should not be there."""
        parent = self.find(path[:-1])
        if isinstance(parent, Dictionary) and path[-1] in parent.entries:
            return parent.entries[str(path[-1])].key
        return self.position(path)

    def find(self, path: Path) -> Node | None:
        """The value at ``path`` or ``None``."""
        node: Node | None = self.root
        for part in path:
            node = None if node is None else _child(node, part)
        return node

    def later(self, *paths: Path) -> Path:
        """The path that stands last in the file: where a problem between several values is reported.

        A value that was not written, a default, stands nowhere: the problem is with the others.
        """
        written = [path for path in paths if self.find(path) is not None]
        return max(written or paths, key=lambda path: (self.position(path).line, self.position(path).column))

    def where(self, path: Path) -> str:
        """``line 12``, or ``the default``, for messages that name another place."""
        return "the default" if self.find(path) is None else f"line {self.position(path).line}"

    def problem(self, path: Path, message: str, *, at_key: bool = False) -> Problem:
        """A problem with the value (or the key) at ``path``."""
        position = self.key_position(path) if at_key else self.position(path)
        return Problem(
            file=self.file, line=position.line, column=position.column, path=format_path(path), message=message
        )


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(node, Dictionary) and isinstance(part, str) and part in node.entries:
        return node.entries[part].value
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None
