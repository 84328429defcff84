"""What invoke's parser does not do by itself, for the ``invoke`` of a clone and for ``meshstrap`` alike.

- One word that may be left out behind a task's name: ``explain`` and ``explain TOPIC``. invoke knows positional
  arguments that are required, and flags, but nothing between: one whose default is ``None`` counts as missing, and
  takes ``--help`` for itself (https://github.com/pyinvoke/invoke/issues/159, open, November 2026; seen with 3.0.3).
- A mistake on the command line ends with 2, as with most programs; invoke's own 1 would look like a finding. A flag is
  named as it is typed.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.parser import parser
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.parser.parser import ParseMachine

from meshstrap.tasks.command import program

USAGE = 2
# As invoke's own messages show a flag.
_UNKNOWN = re.compile(r"No idea what '(.+)' is!")
_ARGUMENT = re.compile(r"<Argument: (\w+)[^>]*>")


class UsageError(Exit, ParseError):
    """A command line that cannot be read. invoke prints a ``ParseError``, and ends with the code of an ``Exit``."""

    def __init__(self, message: str, context: Any) -> None:
        Exit.__init__(self, code=USAGE)
        self.args = (message,)
        self.context = context


class Word(Argument):
    """The word behind a task's name that may be left out, and is empty then."""


class TaskParseMachine(ParseMachine):
    """invoke's machine, with these two in it."""

    # invoke's own annotations leave out that there may be none.
    context: ParserContext | None  # type: ignore[assignment]
    flag: Argument | None  # type: ignore[assignment]

    def handle(self, token: str) -> None:
        """What is no flag of the task, but looks like one, is not the word either: ``--help``, or a typo."""
        known = self.context and (token in self.context.flags or token in self.context.inverse_flags)
        if token.startswith("-") and not known and not self.waiting_for_flag_value:
            self._leave_word_out()
        super().handle(token)

    def complete_context(self) -> None:
        """A word that was not written is empty; then invoke goes on."""
        self._leave_word_out()
        super().complete_context()

    def see_value(self, value: Any) -> None:
        """A number that is none is a mistake on the command line, not a bug."""
        try:
            super().see_value(value)
        except ValueError:
            self.error(f"--{self.flag and self.flag.name}: {value!r} is not a whole number.")

    def complete_flag(self) -> None:
        """A flag that may be given more than once needs its value each time; invoke asks for none (3.0.3)."""
        if self.flag and self.flag.kind is list and not self.flag_got_value:
            self.flag.raw_value = None
        super().complete_flag()

    def error(self, msg: str) -> None:
        """``UsageError``, with where to read on."""
        msg = _ARGUMENT.sub(lambda match: f"--{match[1].replace('_', '-')}", msg)
        name = self.context.name if self.context else None
        more = (
            f" `{program()} {name} --help` says what it takes." if name else f" `{program()} --list` names all tasks."
        )
        raise UsageError(msg + self._meant(msg) + more, self.context)

    def _meant(self, msg: str) -> str:
        known = self.context.flags if self.context and self.context.name else self.contexts
        unknown = _UNKNOWN.search(msg)
        close = get_close_matches(unknown[1], list(known), n=1) if unknown else []
        return f" Did you mean '{close[0]}'?" if close else ""

    def _leave_word_out(self) -> None:
        for argument in self.context.positional_args if self.context else ():
            if isinstance(argument, Word) and argument.value is None:
                argument.value = ""


def extend_parser() -> None:
    """Make it so for the program that runs."""
    # Its state machine (fluidity) gives a subclass neither states nor transitions.
    for name in ("_class_states", "_class_transitions"):
        setattr(TaskParseMachine, name, getattr(ParseMachine, name))
    setattr(parser, "ParseMachine", TaskParseMachine)  # noqa: B010 - mypy takes a class for a constant
