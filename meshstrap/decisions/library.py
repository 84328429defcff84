"""The texts, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

from meshstrap.decisions.model import Alternative, Decision
from meshstrap.errors import UnknownName
from meshstrap.language import Text
from meshstrap.own_yaml import read_as_text

_FOLDER = "texts"


def read_data(name: str) -> Any:
    """A data file of this room. Every scalar is read as text."""
    text = files("meshstrap.decisions").joinpath(name).read_text(encoding="utf-8")
    return read_as_text(text)


@cache
def topics() -> tuple[str, ...]:
    """Every topic, in alphabetical order."""
    names = (entry.name for entry in files("meshstrap.decisions").joinpath(_FOLDER).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def decision(topic: str) -> Decision:
    """The decision on a topic. ``UnknownName`` when there is none."""
    if topic not in topics():
        raise UnknownName("topic", topic, topics())
    return Decision.model_validate({"topic": topic, **read_data(f"{_FOLDER}/{topic}.yaml")})


def alternative(reference: str) -> Alternative:
    """The alternative ``topic/id``. ``KeyError`` when the topic has none of that id: a fault in the data."""
    topic, _, name = reference.partition("/")
    return {item.id: item for item in decision(topic).refused}[name]


@cache
def load_words() -> Mapping[str, Text]:
    """The words around the texts."""
    return TypeAdapter(dict[str, Text]).validate_python(read_data("words.yaml"))
