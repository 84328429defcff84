"""A node's status.json, read from text; its form is ``status.schema.json``.

A node is not trusted with the terminal: whatever is not a printable ASCII character becomes a question mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_REACHED = ("ok", "changed")
_UNPRINTABLE = re.compile(r"[^ -~\n]")


def _harmless(value: object) -> object:
    return _UNPRINTABLE.sub("?", value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_harmless)]
Time = Annotated[AwareDatetime | None, BeforeValidator(lambda value: None if value == "" else value)]


_ENDS = "ends "


def ends_of(facts: Mapping[str, str]) -> dict[str, datetime]:
    """What ends when, among the facts of a node; what is no time is left out."""
    found = {}
    for name, text in facts.items():
        with suppress(ValueError):
            if name.startswith(_ENDS):
                found[name.removeprefix(_ENDS)] = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return found


class StepStatus(BaseModel):
    """One step of the node. ``started`` is ``None`` when it has not begun in this run."""

    model_config = ConfigDict(frozen=True)

    name: Text
    state: Text
    started: Time


class Status(BaseModel):
    """All of it, without what people do not need while they wait."""

    model_config = ConfigDict(frozen=True)

    # Another number is another form, which this program does not know.
    form: Literal[1] = Field(alias="schema")
    node: Text
    role: Text
    state: Literal["running", "waiting", "failed", "converged"]
    step: Text
    tries: int
    message: Text
    next: Text
    started: AwareDatetime
    updated: AwareDatetime
    facts: Mapping[Text, Text]
    steps: tuple[StepStatus, ...]

    @property
    def ends(self) -> Mapping[str, datetime]:
        """What of this node ends when, as of its last run: files, and names of what has none."""
        return ends_of(self.facts)

    @property
    def done(self) -> int:
        """How many steps have ended well in this run."""
        return sum(step.state in _REACHED for step in self.steps)

    def has_reached(self, names: Iterable[str]) -> bool:
        """Whether one of these steps holds, as far as the node knows."""
        reached = {step.name for step in self.steps if step.state in _REACHED}
        return self.state == "converged" or not reached.isdisjoint(names)

    def __str__(self) -> str:
        """In one line, without what to do."""
        return f"{self.state}{'' if self.step == '-' else f' at {self.step}'}: {self.message}"

    @property
    def since(self) -> datetime:
        """When this began: the step at work, being converged, or the run."""
        if self.state == "converged":
            return self.updated
        began = [step.started for step in self.steps if step.name == self.step and step.started]
        return began[0] if began else self.started


def parse_status(text: str) -> Status:
    """The status. ``ValueError``: this is no status of the form that this program knows."""
    return Status.model_validate_json(text)
