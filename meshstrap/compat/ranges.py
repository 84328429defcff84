"""Versions and ranges of versions."""

from __future__ import annotations

import re
from typing import TypeAlias

Parts: TypeAlias = tuple[int, ...]

_COMPARISON = re.compile(r"(>=|<)([0-9]+(?:\.[0-9]+){0,2})")


def version_parts(version: str) -> Parts:
    """``1.36.3`` as numbers, so that 1.9 is before 1.10."""
    return tuple(int(part) for part in version.split("."))


def minor(version: str) -> str:
    """``1.36`` of ``1.36.3``."""
    return ".".join(version.split(".")[:2])


def in_range(version: str, spec: str) -> bool:
    """Whether ``version`` meets every comparison of ``spec``, such as ``>=1.36 <1.37``.

    Raises ``ValueError`` for a range that is not of that form: a fault in the data file.
    """
    parts = version_parts(version)
    for comparison in spec.split():
        match = _COMPARISON.fullmatch(comparison)
        if match is None:
            raise ValueError(f"not a range: {spec!r}")
        bound = version_parts(match[2])
        if (parts < bound) == (match[1] == ">="):
            return False
    return True
