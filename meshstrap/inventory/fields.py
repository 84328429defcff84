"""The tree as plain data for the models, and which model field stands at a path."""

from __future__ import annotations

from typing import Any, get_args

from pydantic.fields import FieldInfo

from meshstrap.inventory.core_schema import typed_value
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.section import Section
from meshstrap.inventory.tree import Dictionary, Node, Path, Scalar, Sequence

_FREE_FORM_PLACES = (("cilium", "values"), ("cluster", "kubelet"), ("nodes", 0, "kubelet"))


def is_free_form(path: Path) -> bool:
    """Whether any YAML may stand at ``path``."""
    return tuple(0 if isinstance(part, int) else part for part in path) in _FREE_FORM_PLACES


def plain_data(node: Node, path: Path = ()) -> Any:
    """Dictionaries, lists and text; fields without a value are left out, as if they had not been written."""
    if isinstance(node, Scalar):
        return None if node.is_absent else node.text
    if is_free_form(path):
        return typed_value(node)
    if isinstance(node, Sequence):
        return [plain_data(item, (*path, index)) for index, item in enumerate(node.items)]
    return _plain_dictionary(node, path)


def _plain_dictionary(node: Dictionary, path: Path) -> dict[str, Any]:
    section = section_at(path)
    fields = section.model_fields if section else {}
    return {
        key: plain_data(entry.value, (*path, key))
        for key, entry in node.entries.items()
        # A key that is no field is said, and a label may be empty.
        if not (key in fields and isinstance(entry.value, Scalar) and entry.value.is_absent)
    }


def field_at(path: Path) -> tuple[Path, FieldInfo] | None:
    """The innermost model field on the way to ``path``, and where it stands; ``None`` for unknown keys."""
    section: type[Section] | None = Inventory
    found: tuple[Path, FieldInfo] | None = None
    for index, part in enumerate(path):
        if isinstance(part, int):
            continue
        if section is None:
            break
        if part not in section.model_fields:
            return None
        info = section.model_fields[part]
        found = path[: index + 1], info
        section = section_in(info.annotation)
    return found


def section_at(path: Path) -> type[Section] | None:
    """The model of the mapping at ``path``; ``None`` when it is not one of ours."""
    if not path:
        return Inventory
    found = field_at(path)
    if found is None or any(isinstance(part, str) for part in path[len(found[0]) :]):
        return None
    return section_in(found[1].annotation)


def section_in(annotation: Any) -> type[Section] | None:
    """The section inside ``Section``, ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for argument in get_args(annotation):
        section = section_in(argument)
        if section is not None:
            return section
    return None
