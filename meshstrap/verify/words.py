"""What people read of a check, from the YAML beside its code; Korean beside English where a page is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from meshstrap.decisions.language import LANGUAGES


@dataclass(frozen=True, kw_only=True)
class Words:
    """``expected`` may name values in braces. ``fix``: none where a step mends it."""

    title: Mapping[str, str]
    expected: str
    why: Mapping[str, str]
    source: str
    symptom: Mapping[str, str]
    fix: Mapping[str, str] = field(default_factory=dict)


def load_words(path: Path) -> Mapping[str, Words]:
    """The words of a topic's checks, by their names. ``TypeError``: an entry lacks a text, or has one too many."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _words(texts) for name, texts in loaded.items()}


def _words(texts: Mapping[str, Any]) -> Words:
    fix = texts.get("fix", {})
    # Commands alone are the same in every language.
    return Words(**{**texts, "fix": dict.fromkeys(LANGUAGES, fix) if isinstance(fix, str) else fix})
