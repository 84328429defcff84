"""The form of the texts. A fault in one is a bug and raises pydantic's own error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from meshstrap.language import Figures, Text


class Record(BaseModel):
    """What every part of the data has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Conditional(Record):
    """Something that is there only when a figure holds, or does not."""

    when: str = Field(default="", alias="if")
    unless: str = ""


Item = TypeVar("Item", bound=Conditional)


def holds(items: Iterable[Item], figures: Figures) -> tuple[Item, ...]:
    """Those whose figures hold. ``KeyError`` for one that is not given."""
    return tuple(
        item
        for item in items
        if (not item.when or figures[item.when]) and (not item.unless or not figures[item.unless])
    )


class Paragraph(Text, Conditional):
    """A paragraph; of the evidence, with the page that says so. Without one it is the project's own measurement."""

    link: str = Field(default="", pattern="^(https://.*)?$")


class Alternative(Conditional):
    """What was not chosen, and what it would cost. The cost begins in lower case: it also ends an error."""

    id: str
    name: Text
    cost: Text


class Decision(Record):
    """One decision."""

    topic: str
    title: Text
    summary: Text
    context: tuple[Paragraph, ...]
    decision: tuple[Paragraph, ...]
    here: tuple[Paragraph, ...]
    refused: tuple[Alternative, ...]
    consequences: tuple[Paragraph, ...]
    evidence: tuple[Paragraph, ...]
    reconsider: tuple[Paragraph, ...]
    related: tuple[str, ...]

    @property
    def names_the_guide(self) -> bool:
        """Whether a reader has to know which guide is meant."""
        return any("the guide" in text.en.lower() for text in (self.summary, *self.context, *self.consequences))
