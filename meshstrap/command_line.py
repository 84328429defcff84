"""One word that may be left out behind a task's name: ``invoke explain`` and ``invoke explain TOPIC``.

invoke knows positional arguments that are required, and flags, but nothing between: a positional argument whose default
is ``None`` counts as missing (https://github.com/pyinvoke/invoke/issues/159, open, November 2026; seen with 3.0.3).
"""

from __future__ import annotations

from invoke.parser.parser import ParseMachine

_complete_context = ParseMachine.complete_context


def _complete(machine: ParseMachine) -> None:
    """Give an empty word to each positional argument that was not written, then let invoke go on."""
    for argument in getattr(machine.context, "positional_args", ()):
        if argument.value is None:
            argument.value = ""
    _complete_context(machine)


def let_words_be_left_out() -> None:
    """Make it so for the program that runs. No task of this project has a positional argument that is required."""
    setattr(ParseMachine, "complete_context", _complete)  # noqa: B010 - a plain assignment is no method to mypy
