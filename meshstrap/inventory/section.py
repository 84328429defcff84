"""What every section of the inventory has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REQUIRED: Any = ...
"""The default of a key that a person has to write."""


class Section(BaseModel):
    """One mapping of the inventory: unknown keys are refused and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)


def documented(description: str, example: Any, *, default: Any = REQUIRED) -> Any:
    """A field with its documentation. Defaults are written as in the file and read like any other value."""
    return Field(default=default, description=description, examples=[example])
