"""YAML text to values with line and column.

Only the part of YAML that an inventory needs: mappings, lists and plain or quoted text. Scalars stay the text
that the person wrote, because YAML 1.1 reads ``1.30`` as 1.3 and ``no`` as false. Anchors, tags and several
documents are refused with the reason.

PyYAML's pure Python parser on purpose: it is there on every machine, so that the messages are the same
everywhere, and reading is bounded by the file's size and by the depth.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from meshstrap.errors import InventoryInvalid, Problem
from meshstrap.inventory.reading import decode, fault, is_control
from meshstrap.inventory.syntax import explain, place_of
from meshstrap.inventory.tree import Dictionary, Entry, Node, Path, Position, Scalar, Sequence, format_path

KEY_LIMIT = 400
"""The longest keys are those of Kubernetes labels: 253 + 1 + 63 characters."""

DEPTH_LIMIT = 24
"""The deepest place of a real inventory is about ten levels down, in ``cilium.values``."""


def parse_source(data: bytes, file: str) -> tuple[Dictionary, tuple[Problem, ...]]:
    """The values of the file, and the keys that it gives twice (the first one counts).

    Raises :class:`InventoryInvalid` with one problem when the text cannot be read to its end.
    """
    text = decode(data, file)
    builder = _Builder(file, _events(text, file))
    root = builder.document()
    if not isinstance(root, Dictionary):
        kind = "a list" if isinstance(root, Sequence) else "one value"
        raise builder.refuse(
            root.position, f"the file is {kind}; an inventory starts with keys: cluster, accounts, nodes"
        )
    return root, tuple(builder.duplicates)


def _events(text: str, file: str) -> Iterator[Event]:
    parser = yaml.SafeLoader(text)
    try:
        while parser.check_event():
            yield parser.get_event()  # type: ignore[no-untyped-call] # types-PyYAML leaves it out
    except yaml.MarkedYAMLError as error:
        raise fault(file, *place_of(error, text), explain(error, text)) from None
    except yaml.YAMLError as error:
        raise fault(file, 1, 1, f"not YAML: {error}") from None
    except (ValueError, OverflowError):
        # PyYAML takes the numbers of \U escapes and %YAML directives as they come.
        message = "not YAML: the number of an escape or a directive is out of range"
        raise fault(file, parser.line + 1, parser.column + 1, message) from None


class _Builder:
    """Builds nodes from events, and never deeper than :data:`DEPTH_LIMIT`."""

    def __init__(self, file: str, events: Iterator[Event]) -> None:
        self.file = file
        self.events = events
        self.duplicates: list[Problem] = []

    def document(self) -> Node:
        """The one document of the file."""
        next(self.events)
        first = next(self.events)
        if not isinstance(first, DocumentStartEvent):
            raise fault(self.file, 1, 1, "the file is empty; `invoke init` writes a commented one")
        root = self._node(next(self.events), ())
        next(self.events)
        following = next(self.events)
        if not isinstance(following, StreamEndEvent):
            raise self.refuse(_position(following), "a second document starts here ('---'); only one is allowed")
        if isinstance(root, Scalar) and root.is_absent:
            raise fault(self.file, 1, 1, "the file is empty; `invoke init` writes a commented one")
        return root

    def refuse(self, position: Position, message: str) -> InventoryInvalid:
        """The error that ends reading."""
        return fault(self.file, position.line, position.column, message)

    def _node(self, event: Event, path: Path) -> Node:
        position = _position(event)
        self._refuse_indirection(event, position)
        if len(path) > DEPTH_LIMIT:
            raise self.refuse(position, f"nested deeper than {DEPTH_LIMIT} levels; an inventory is not that deep")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, position)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(position, path)
        return self._dictionary(position, path)

    def _refuse_indirection(self, event: Event, position: Position) -> None:
        if isinstance(event, AliasEvent):
            raise self.refuse(position, f"alias '*{event.anchor}' is not allowed: every value stands where it is used")
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            raise self.refuse(position, f"anchor '&{anchor}' is not allowed: every value stands where it is used")
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            raise self.refuse(position, f"tag '{short}' is not allowed; quote the value if the '!' belongs to it")

    def _scalar(self, event: ScalarEvent, position: Position) -> Scalar:
        for character in event.value:
            if is_control(character) and character not in "\n\t":
                raise self.refuse(position, f"control character U+{ord(character):04X} in the value is not allowed")
        return Scalar(position, event.value, plain=event.style in (None, ""))

    def _sequence(self, position: Position, path: Path) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Sequence(position, tuple(items))

    def _dictionary(self, position: Position, path: Path) -> Dictionary:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self._key(event, path)
            here = (*path, key.text)
            value = self._node(next(self.events), here)
            if key.text in entries:
                self._note_duplicate(here, key, entries[key.text].key)
            else:
                entries[key.text] = Entry(key.position, value)
        return Dictionary(position, entries)

    def _key(self, event: Event, path: Path) -> Scalar:
        key = self._node(event, (*path, "key"))
        if not isinstance(key, Scalar):
            raise self.refuse(key.position, "a key has to be a word; did you mean to quote the value after the colon?")
        if key.text == "":
            raise self.refuse(key.position, "there is no key before the colon")
        if len(key.text) > KEY_LIMIT or "\n" in key.text or "\t" in key.text:
            raise self.refuse(key.position, f"a key has to be one line of at most {KEY_LIMIT} characters, without tabs")
        if key.text == "<<" and key.plain:
            raise self.refuse(key.position, "merge key '<<' is not allowed: every value stands where it is used")
        return key

    def _note_duplicate(self, path: Path, key: Scalar, first: Position) -> None:
        self.duplicates.append(
            Problem(
                file=self.file,
                line=key.position.line,
                column=key.position.column,
                path=format_path(path),
                message=f"duplicate key, first set on line {first.line}",
            )
        )


def _position(event: Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
