"""A person's values over ours: mappings are merged key by key, everything else is replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshstrap.plan.model import Override

_ABSENT = object()


def merge_values(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Ours with theirs over it. Keys of ours keep their order, new ones follow. Neither argument is changed.

    A list or a scalar replaces what was there as a whole, as Helm does it; an empty mapping changes nothing.
    """
    merged = {key: _copy(value) for key, value in ours.items()}
    for key, value in theirs.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = merge_values(below, value)
        else:
            merged[key] = _copy(value)
    return merged


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value


def derive_overrides(path: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Override]:
    """One override for each value of theirs, with what stood there before (empty: nothing did)."""
    for key, value in theirs.items():
        below = ours.get(key, _ABSENT)
        if isinstance(value, Mapping) and value:
            yield from derive_overrides(f"{path}.{key}", below if isinstance(below, Mapping) else {}, value)
        else:
            yield Override(path=f"{path}.{key}", value=as_text(value), ours="" if below is _ABSENT else as_text(below))


def as_text(value: Any) -> str:
    """A value the way it would stand in YAML's flow style: ``true``, ``null``, ``[1, a]``, ``{a: 1}``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {as_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(as_text(item) for item in value) + "]"
    return str(value)
