"""What people read of a check, from the YAML beside its code; Korean beside English where a page is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from meshstrap.language import Text
from meshstrap.own_yaml import read_typed


def _same(text: Any) -> Any:
    """Commands alone are the same in every language."""
    return {"en": text, "ko": text} if isinstance(text, str) else text


class Words(BaseModel):
    """``expected`` may name values in braces. ``fix``: none where a step mends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    expected: str
    why: Text
    source: str
    symptom: Text
    fix: Annotated[Text | None, BeforeValidator(_same)] = None


def load_words(path: Path) -> Mapping[str, Words]:
    """The words of a topic's checks, by their names. ``ValidationError``: a text is missing, or one too many."""
    return TypeAdapter(dict[str, Words]).validate_python(read_typed(path.read_text(encoding="utf-8")))
