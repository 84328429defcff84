"""The compatibility profile: every known collision beside one inventory, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshstrap.compat import conditions
from meshstrap.compat.data import PARTS, Condition, KnownCollision, load_collisions, load_data
from meshstrap.compat.ranges import minor, version_parts
from meshstrap.inventory import Inventory

REFUSED, WARNED, GUARDED, NOTED, ELSEWHERE = "refused", "warned", "guarded", "noted", "elsewhere"
OVERRIDDEN = "overridden"
"""Values of the person's own have set aside what is rendered against it (:mod:`meshstrap.rendering.guards`)."""

_STATES = {"refuse": REFUSED, "warn": WARNED, "guard": GUARDED, "note": NOTED}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What ``document`` has to hold, or must not (``absent``), on nodes of ``role`` (empty: on all).

    ``text`` somewhere in it, or as the value at the dotted path ``value``.
    """

    document: str
    value: str
    text: str
    role: str
    absent: bool


@dataclass(frozen=True, kw_only=True)
class Collision:
    """One collision for one inventory. ``state`` is one of this module's six words.

    ``check`` is the test of the verification that shows that it holds; ``until``, when the entry may be dropped.
    """

    id: str
    state: str
    affected: tuple[str, ...]
    symptom: str
    why: str
    what_to_do: str
    links: tuple[str, ...]
    rendered: tuple[Rendered, ...]
    nodes: tuple[str, ...]
    check: str
    until: str


def collisions(inventory: Inventory) -> tuple[Collision, ...]:
    """Every known collision, whether it concerns the inventory or not, in the data's order; then newer versions."""
    return (*(_collision(entry, inventory) for entry in load_collisions()), *_newer_than_known(inventory))


def warnings(inventory: Inventory) -> tuple[str, ...]:
    """A sentence for everything that works, but with something that one should know."""
    return tuple(warning(entry) for entry in collisions(inventory) if entry.state == WARNED)


def warning(entry: Collision) -> str:
    """What is said of a collision that works, with its link."""
    return _sentence(entry.symptom, entry.why, entry.what_to_do, entry.links)


def sentence(entry: KnownCollision, words: Mapping[str, str]) -> str:
    """What is said of an entry of the data, with these words in the place of its placeholders."""
    symptom, why, what_to_do = (conditions.fill(text, words) for text in (entry.symptom, entry.why, entry.what_to_do))
    return _sentence(symptom, why, what_to_do, (entry.link,))


def _sentence(symptom: str, why: str, what_to_do: str, links: tuple[str, ...]) -> str:
    return f"{symptom}: {why}; {what_to_do}" + (f" ({links[0]})" if links else "")


def state_of(entry: KnownCollision, inventory: Inventory) -> str:
    """What became of one collision. One that only a person's own value leads into is guarded until that is set."""
    if not conditions.is_possible(entry.when, inventory):
        return ELSEWHERE
    if conditions.is_asked_for(entry.when, inventory):
        return _STATES[entry.severity]
    return GUARDED if entry.guards else ELSEWHERE


def _collision(entry: KnownCollision, inventory: Inventory) -> Collision:
    state, when = state_of(entry, inventory), entry.when
    words = conditions.words_in_general(when) if state == ELSEWHERE else conditions.words_of(when, inventory)
    in_documents = conditions.words_of_guards(inventory)
    return Collision(
        id=entry.id,
        state=state,
        affected=conditions.affected(when),
        symptom=conditions.fill(entry.symptom, words),
        why=conditions.fill(entry.why, words),
        what_to_do=conditions.fill(entry.what_to_do, words),
        links=(entry.link, *entry.more),
        rendered=tuple(
            Rendered(
                document=guard.document,
                value=guard.value,
                text=conditions.fill(guard.text, in_documents),
                role=guard.role,
                absent=guard.absent,
            )
            for guard in entry.guards
        ),
        nodes=tuple(node.name for node in inventory.nodes if conditions.concerns_node(when, node)),
        check=entry.check,
        until=entry.until,
    )


def _newer_than_known(inventory: Inventory) -> Iterator[Collision]:
    """A version behind the last that the data knows something about."""
    for part in PARTS:
        version = conditions.version_of(inventory, part)
        first, last = load_data().known[part]
        if version_parts(minor(version)) > version_parts(last):
            path = ".".join(str(key) for key in conditions.PLACES[part])
            yield Collision(
                id=f"{part}-newer",
                state=WARNED,
                affected=conditions.affected(Condition.model_validate({part: f">{last}"})),
                symptom=f"{path}: {version} is newer than what meshstrap knows ({first} to {last})",
                why="it has not been tried, and what it collides with is not known",
                what_to_do=f"choose {getattr(load_data().defaults, part)}, or test it well",
                links=(),
                rendered=(),
                nodes=tuple(node.name for node in inventory.nodes),
                check="",
                until="meshstrap knows it",
            )
