"""The types of YAML 1.2's core schema, for the places that take any YAML.

Only ``true``/``false``, ``null``, integers and floats are special: ``yes``, ``no`` and ``12:30`` are text.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from typing import Any

from meshstrap.inventory.tree import Node, Scalar, Sequence

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


def typed_value(node: Node) -> Any:
    """The value of a node with YAML's own types.

    Numbers too long for 64 bits, ``.inf`` and ``.nan`` stay text: JSON and Go, which read them next, have none.
    """
    if isinstance(node, Scalar):
        return _typed_scalar(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [typed_value(item) for item in node.items]
    return {key: typed_value(entry.value) for key, entry in node.entries.items()}


def _typed_scalar(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    return _number(text)


def _number(text: str) -> int | float | str:
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text
