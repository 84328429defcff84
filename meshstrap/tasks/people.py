"""How a task meets people: its flags, its errors, and an end by Ctrl-C."""

from __future__ import annotations

import atexit
import errno
import functools
import inspect
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from meshstrap.errors import MeshstrapError, OutputRefused
from meshstrap.files import blamed, is_exhaustion
from meshstrap.stdout import end_unread, let_go, nobody_reads
from meshstrap.tasks.command import given, in_this_program
from meshstrap.tasks.parsing import Word, extend_parser

INTERRUPTED = 130
SHORT_FLAGS = {"inventory": "i", "output": "o"}
"""One letter means one thing in all tasks, and none of invoke's own; nothing that deletes has one."""

HELP = {
    "inventory": "the inventory; without it cluster.yaml, or the example while there is none",
    "output": "the folder to render into; without it generated/",
    "secrets": "the secrets file; without it secrets.yaml beside the inventory",
}

_NOWHERE = "the folder that you are in has been removed: go to another one, or come back to a new one of its name (cd)"

extend_parser()


# invoke itself prints ``--list`` and ``--help``, and has no way for a reader that goes away.
def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, BrokenPipeError) and nobody_reads():
        end_unread()
    sys.__excepthook__(kind, error, trace)


def _flush() -> None:
    # There may be no standard output, or none any more. What else is wrong with it Python says itself, when it ends.
    with suppress(AttributeError, ValueError, OSError):
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            let_go()


sys.excepthook = _end
atexit.register(_flush)


class PeopleTask(Task[Callable[..., None]]):
    """A task with the short flags of :data:`SHORT_FLAGS`, and at most one word that may be left out."""

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:
        """How invoke makes one argument."""
        options = super().arg_opts(name, default, taken_names)
        if name in SHORT_FLAGS:
            options["names"].append(SHORT_FLAGS[name])
        return options

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """All arguments, the word first."""
        found = super().get_arguments(ignore_unknown_help)
        return [
            Word(names=one.names, help=one.help, positional=True, attr_name=one.attr_name) if one.positional else one
            for one in found
        ]


def _exhausted(error: OSError) -> str:
    # What tasks write for people says its place itself.
    where = blamed(error) or (
        "this machine" if error.errno in {errno.EMFILE, errno.ENFILE} else "temporary files (TMPDIR)"
    )
    return f"{where}: {error.strerror}: nothing half-written is left; free some and run it again"


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def people_task(
    *, iterable: Sequence[str] = (), word: str = "", **help_texts: str
) -> Callable[[Callable[..., None]], Any]:
    """A task whose known errors are a message and an exit code; a bug keeps its traceback, Ctrl-C says nothing.

    A machine that has run out of something is no bug, whichever file it was that noticed first.

    ``word`` is the one parameter that may stand behind the task's name without a flag, or be left out.
    """

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **flags: Any) -> None:
            if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                with given(function.__name__, flags):
                    function(*args, **flags)
            except MeshstrapError as error:
                with given(function.__name__, flags):
                    raise Exit(in_this_program(str(error)), code=error.exit_code) from error
            except KeyboardInterrupt:
                raise Exit(code=INTERRUPTED) from None
            except OSError as error:
                if _is_nowhere():
                    raise Exit(_NOWHERE, code=OutputRefused.exit_code) from error
                if not is_exhaustion(error):
                    raise
                raise Exit(_exhausted(error), code=OutputRefused.exit_code) from error

        names = inspect.signature(function).parameters
        texts = {name: text for name, text in HELP.items() if name in names} | help_texts
        made = {"help": texts, "iterable": list(iterable), "positional": [word] if word else []}
        return task(run, klass=PeopleTask, auto_shortflags=False, **made)

    return decorate
