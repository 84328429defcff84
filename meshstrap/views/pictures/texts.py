"""Words that both forms of a picture use."""

from __future__ import annotations

from collections.abc import Sequence

from meshstrap.plan.machines import CONTROL_PLANE
from meshstrap.views.pictures.boot import BootOrder
from meshstrap.views.pictures.packet import Hop
from meshstrap.views.tables import NAMES_SHOWN
from meshstrap.views.words import say


def word(key: str, language: str, **values: object) -> str:
    """One of the pictures' words."""
    return say("pictures", key, language, **values)


def names_text(names: Sequence[str], language: str) -> str:
    """The names, or the first of them and how many more."""
    if len(names) <= NAMES_SHOWN:
        return ", ".join(names)
    more = word("more_names", language, count=len(names) - NAMES_SHOWN + 1)
    return ", ".join((*names[: NAMES_SHOWN - 1], more))


def hop_place(hop: Hop, language: str) -> str:
    """Where the hop is: node and interface; empty on the internet."""
    node = hop.node or word("another_node", language)
    return f"{node} · {hop.device}" if hop.device else ""


def change_text(change: int, language: str) -> str:
    """``+50``, ``-60`` or ``±0`` bytes."""
    key = "added" if change > 0 else "removed" if change < 0 else "same"
    return word(key, language, bytes=abs(change))


def lane_title(order: BootOrder, role: str, language: str) -> str:
    """Whose steps these are: the role and its nodes' names."""
    return f"{word(role if role == CONTROL_PLANE else 'workers', language)} {names_text(order.nodes[role], language)}"
