"""YAML that every reader takes the same way, written so that people can read it.

kubeadm, Helm and the API server read YAML with Go libraries that follow other versions of the standard than PyYAML
does: ``1e3`` and ``0o14`` are numbers there and text here, ``y`` is a flag there. So text stays unquoted only where no
reader can take it for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_UNMISTAKABLE = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*|[A-Za-z][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)+")
# Durations as Go writes them, and quantities of Kubernetes: 8m0s, 100m, 256Mi.
_AMOUNT = re.compile(r"([0-9]+(ms|[hms]))+|[0-9]+[KMGT]i")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}(/[0-9]+)?")
_NO_FOLDING = 1 << 30
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class LiteralText(str):
    """Text that is written as a block of lines, where YAML allows that."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper with our idea of when text needs quotes, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Never single quotes: a document travels in a value of bash, where each of them takes five characters.
    style = None if is_unmistakable(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_literal(dumper: yaml.SafeDumper, text: LiteralText) -> yaml.ScalarNode:
    # In a block a few invisible characters read as line breaks.
    style = "|" if text.replace("\n", "").isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


def _represent_sequence(dumper: yaml.SafeDumper, values: tuple[Any, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(LiteralText, _represent_literal)
_Dumper.add_representer(tuple, _represent_sequence)


def is_unmistakable(text: str) -> bool:
    """Whether no reader of YAML, old or new, can take the unquoted text for anything but itself."""
    if _ADDRESS.fullmatch(text) or _AMOUNT.fullmatch(text):
        return True
    return bool(_UNMISTAKABLE.fullmatch(text)) and text.lower() not in _WORDS


def yaml_scalar(value: str | bool | int) -> str:  # noqa: FBT001 - a flag is a value here
    """One scalar on one line: as it is where no reader can mistake it, else in double quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if is_unmistakable(value) else '"' + "".join(map(_escape, value)) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def yaml_document(value: Mapping[str, Any]) -> str:
    """One document: keys in the given order, nothing folded, a newline at its end."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_NO_FOLDING,
        default_flow_style=False,
    )
    return text


def yaml_documents(*values: Mapping[str, Any]) -> str:
    """Several documents with ``---`` between them."""
    return "---\n".join(yaml_document(value) for value in values)
