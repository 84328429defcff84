"""Whether what is rendered against known collisions stands in this plan's own documents, or a person's values won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml

from meshstrap.compat import Collision, Rendered, warning
from meshstrap.compat.profile import GUARDED, OVERRIDDEN
from meshstrap.plan.merging import as_text
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.rendering.documents import render_documents

Texts = Mapping[str, str]

_UNSET: tuple[Any, ...] = (None, False, "", [], {})


def judge_guards(plan: Plan) -> Plan:
    """The plan, with a warning for each collision whose guard the person's values have set aside."""
    if not plan.overrides:
        return plan
    documents = {node.name: _texts(plan, node) for node in plan.nodes}
    judged = tuple(_judged(entry, plan, documents) for entry in plan.collisions)
    said = tuple(warning(entry) for entry in judged if entry.state == OVERRIDDEN)
    return replace(plan, collisions=judged, warnings=(*said, *plan.warnings))


def holds(item: Rendered, text: str) -> bool:
    """Whether a document's text holds what it has to, and nothing that it must not."""
    if not item.value:
        return (item.text in text) != item.absent
    found = [_at(document, item.value.split(".")) for document in yaml.safe_load_all(text)]
    if item.absent:
        return all(value in _UNSET for value in found)
    return item.text in [as_text(value) for value in found if value is not None]


def _texts(plan: Plan, node: NodePlan) -> Texts:
    return {document.name: document.text for document in render_documents(plan, node)}


def _judged(entry: Collision, plan: Plan, documents: Mapping[str, Texts]) -> Collision:
    """Of a guard in bootstrap.sh nothing is asked: no value of an inventory changes the steps' code."""
    if entry.state != GUARDED:
        return entry
    lost = tuple(dict.fromkeys(_lost(entry, plan, documents)))
    if not lost:
        return entry
    taken = " and ".join(_is_not(item) for item in lost)
    return replace(
        entry,
        state=OVERRIDDEN,
        why=f"{entry.why}; by values of your own {taken}",
        what_to_do=f"take {_places(lost, plan)} out of the inventory, unless you mean it",
    )


def _lost(entry: Collision, plan: Plan, documents: Mapping[str, Texts]) -> Iterator[Rendered]:
    for node in map(plan.node, entry.nodes):
        for item in entry.rendered:
            text = documents[node.name].get(item.document)
            if text is not None and item.role in {"", node.role} and not holds(item, text):
                yield item


def _is_not(item: Rendered) -> str:
    if item.absent:
        return f"{item.document} sets {item.value or item.text}"
    return f"{item.document} no longer holds {f'{item.value}: {item.text}' if item.value else item.text}"


def _places(lost: tuple[Rendered, ...], plan: Plan) -> str:
    """Where the person's values stand; all of them when it is not known which it was."""
    paths = [override.path for override in plan.overrides]
    meant = [path for path in paths if any(item.value and f".{item.value}." in f".{path}." for item in lost)]
    return ", ".join(meant or paths)


def _at(value: Any, keys: list[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
