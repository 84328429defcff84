"""What every section of the inventory has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REQUIRED: Any = ...
"""The default of a key that a person has to write."""


class Unusable(Exception):
    """A rule asked for a value that the person wrote wrongly; that value has a problem of its own already."""


class Section(BaseModel):
    """One mapping of the inventory: unknown keys are refused and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    def __getattr__(self, name: str) -> Any:
        """Only called when the usual lookup fails: see :func:`meshstrap.inventory.partial.load_partly`."""
        if name in type(self).model_fields:
            raise Unusable(name)
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")


def documented(description: str, example: Any, *, default: Any = REQUIRED) -> Any:
    """A field with its documentation. Defaults are written as in the file and read like any other value."""
    return Field(default=default, description=description, examples=[example])
