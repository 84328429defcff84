"""What people type: ``invoke TASK`` in a clone, ``meshstrap TASK`` where the wheel is installed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

_COMMAND = re.compile(r"`invoke (?=[a-z])")
_OWN_NAME = "meshstrap"


def program() -> str:
    """The program that runs."""
    return _OWN_NAME if Path(sys.argv[0]).stem == _OWN_NAME else "invoke"


def in_this_program(text: str) -> str:
    """A text of the package, with its commands as they are typed here."""
    return _COMMAND.sub(f"`{program()} ", text)


def again(task: str, **flags: str) -> str:
    """The command for a task with the flags that were given to this one, to be said as what comes next."""
    given = (f"--{name.replace('_', '-')}={shlex.quote(value)}" for name, value in flags.items() if value)
    return " ".join((program(), task, *given))
