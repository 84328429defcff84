"""What people type: ``invoke TASK`` in a clone, ``meshstrap TASK`` where the wheel is installed."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_COMMAND = re.compile(r"`invoke ([a-z]+)([^`]*)`")
_OWN_NAME = "meshstrap"

_INVENTORY = ("inventory",)
_WAY = ("inventory", "hosts", "ssh-config")
_ALL = ("inventory", "output", "secrets")
REPEATED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("init", "plan"), _INVENTORY),
    **dict.fromkeys(("watch", "verify", "adopt"), _WAY),
    **dict.fromkeys(("render", "secrets"), _ALL),
}
"""Task → flags that a hint repeats: whoever gave them to this task wants them for the next one."""
INTO_FOLDER = ("lint", "render", "secrets")
"""Tasks whose ``--output`` is the folder that is rendered into; that of others is a file of their own."""

_given: ContextVar[Mapping[str, str]] = ContextVar("given")


def program() -> str:
    """The program that runs."""
    return _OWN_NAME if Path(sys.argv[0]).stem == _OWN_NAME else "invoke"


@contextmanager
def given(task: str, flags: Mapping[str, object]) -> Iterator[None]:
    """A task that was given these flags runs."""
    names = _ALL if task in INTO_FOLDER else _WAY
    said = {name.replace("_", "-"): value for name, value in flags.items()}
    before = _given.set({name: str(said[name]) for name in names if said.get(name)})
    try:
        yield
    finally:
        _given.reset(before)


def in_this_program(text: str) -> str:
    """A text of the package, with its commands as they are typed here, and the flags that this task was given."""
    return _COMMAND.sub(lambda match: f"`{program()} {match[1]}{_flags(match[1])}{match[2]}`", text)


def _flags(task: str) -> str:
    known = _given.get({})
    values = {name: known[name] for name in REPEATED.get(task, ()) if name in known}
    # What JSON would have to escape is left out: some of these texts stand in it.
    usable = {name: value for name, value in values.items() if not set(value) & {'"', "\\"}}
    return "".join(f" --{name}={shlex.quote(value)}" for name, value in usable.items())
