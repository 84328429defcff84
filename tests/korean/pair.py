"""A text in both languages: what is compared, and what says that the Korean was made for this English."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Pair:
    """``place``: where a person finds it. ``wrong``: what the two do not have in common."""

    place: str
    en: str
    ko: str
    wrong: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """A checksum of both: another one as soon as either changes, and the same wherever the text is moved to."""
        return hashlib.sha256(f"{self.en}\0{self.ko}".encode()).hexdigest()[:_DIGITS]
