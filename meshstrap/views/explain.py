"""The explanations on a screen: the way through the questions, one decision, and the command line's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.table import Table
from rich.text import Text as Shown

from meshstrap.decisions import (
    Alternative,
    Decision,
    Paragraph,
    Step,
    alternative,
    decision,
    holds,
    load_flowchart,
    load_words,
    topics,
    walk,
)
from meshstrap.language import Figures, Text
from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table

Say = Callable[[Text], str]
"""A text in the person's language with this cluster's figures."""

ITEM = "- "

REFUSED = "refused"

PARTS = ("context", "decision", "here", REFUSED, "consequences", "evidence", "reconsider")
"""The parts of a decision in the order in which they are read; also their words in ``words.yaml``."""


def speaker(language: str, figures: Figures) -> Say:
    """What says each text in that language, with these figures."""
    return lambda text: text.say(language, figures)


def show_way(screen: Screen, language: str, figures: Figures) -> None:
    """The questions that lead to what is built, each with the fact that decides it and what it would cost otherwise."""
    say, words, flowchart = speaker(language, figures), load_words(), load_flowchart()
    screen.say(say(words["why"]), style="bold")
    for number, step in enumerate(walk(figures), 1):
        _show_step(screen, step, number, say)
    screen.say(f"\n{say(words['result'])}", style="bold")
    _show_rows(screen, [("", say(flowchart.result))])
    table = new_table(*(say(column) for column in flowchart.tradeoffs.columns))
    for row in flowchart.tradeoffs.rows:
        table.add_row(*(say(cell) for cell in row))
    screen.show(table, say(flowchart.tradeoffs.title))
    _show_rows(screen, [("", say(flowchart.tradeoffs.note))])
    screen.say(f"\n{say(words['topics'])}", style="bold")
    _show_rows(screen, [(topic, say(decision(topic).title)) for topic in topics()])


def show_decision(screen: Screen, wanted: Decision, language: str, figures: Figures) -> None:
    """One decision, whole."""
    say, words = speaker(language, figures), load_words()
    screen.say(say(wanted.title), style="bold")
    _show_rows(screen, [("", say(wanted.summary))])
    for part in PARTS:
        paragraphs = () if part == REFUSED else holds(getattr(wanted, part), figures)
        if part == REFUSED or paragraphs:
            screen.say(f"\n{say(words[part])}", style="bold")
        _show_alternatives(screen, holds(wanted.refused, figures) if part == REFUSED else (), say)
        _show_paragraphs(screen, paragraphs, say)
    screen.say(f"\n{say(words['related'])}", style="bold")
    _show_rows(screen, [(ITEM, f"`invoke explain {topic}`") for topic in wanted.related])
    if wanted.names_the_guide:
        screen.say(f"\n{say(words['guide'])}", style="dim")


def _show_step(screen: Screen, step: Step, number: int, say: Say) -> None:
    words, question, answer = load_words(), step.question, step.answer
    screen.say(f"\n{number}. {say(question.question)}", style="bold")
    _show_rows(screen, [("", f"{say(answer.answer)}. {say(answer.because)}")])
    refused = [alternative(reference) for reference in answer.refused]
    if refused:
        screen.say(f"   {say(words['refused'])}:", style="dim")
        _show_alternatives(screen, refused, say)
    screen.say(f"   {say(words['more'])}: `invoke explain {question.topic}`", style="dim")


def _show_alternatives(screen: Screen, refused: Iterable[Alternative], say: Say) -> None:
    for item in refused:
        _show_rows(screen, [(ITEM, f"{say(item.name)}: {say(item.cost)}.")])


def _show_paragraphs(screen: Screen, paragraphs: Iterable[Paragraph], say: Say) -> None:
    for paragraph in paragraphs:
        _show_rows(screen, [(ITEM, say(paragraph))])
        if paragraph.link:
            # A link stays whole, or nobody can open it.
            screen.say(f"     {paragraph.link}", style="dim")


def _show_rows(screen: Screen, rows: Iterable[tuple[str, str]]) -> None:
    """Texts beside their labels, wrapped below themselves."""
    table = Table.grid()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(f"   {label}  " if len(label) > len(ITEM) else f"   {label}", Shown(screen.spoken(text)))
    screen.show(table)
