"""The questions in their order, and the way that one cluster takes through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from meshstrap.decisions.library import read_data
from meshstrap.decisions.model import Conditional, Record, holds
from meshstrap.language import Figures, Text


class Answer(Conditional):
    """One answer, the fact that decides for it, the alternatives that fall by it, and the next question."""

    answer: Text
    because: Text
    refused: tuple[str, ...] = ()
    next: str


class Question(Record):
    """One question and the topic that says more."""

    id: str
    topic: str
    question: Text
    answers: tuple[Answer, ...]


class Tradeoffs(Record):
    """The table of what each way costs."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    note: Text


class Flowchart(Record):
    """The whole of ``flowchart.yaml``."""

    questions: tuple[Question, ...]
    tradeoffs: Tradeoffs
    result: Text

    def named(self, name: str) -> Question:
        """The question of that id. ``KeyError`` when there is none: a fault in the data."""
        return {question.id: question for question in self.questions}[name]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One question on the way, with the answer that counts here."""

    question: Question
    answer: Answer


@cache
def load_flowchart() -> Flowchart:
    """The questions, answers and costs."""
    data: dict[str, Any] = read_data("flowchart.yaml")
    return Flowchart.model_validate(data)


def walk(figures: Figures) -> tuple[Step, ...]:
    """The questions that a cluster of these figures comes to, from the first to the last."""
    return tuple(_steps(load_flowchart(), figures))


def _steps(flowchart: Flowchart, figures: Figures) -> Iterator[Step]:
    name = flowchart.questions[0].id
    while name:
        question = flowchart.named(name)
        answer = holds(question.answers, figures)[0]
        yield Step(question=question, answer=answer)
        name = answer.next
