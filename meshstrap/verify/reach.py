"""From a host to its answers: one connection, one program, everything at once."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.ssh import BATCH, Answer, reason_of
from meshstrap.verify import asker
from meshstrap.verify.answers import Answers, nonsense
from meshstrap.verify.question import Asked

FIRST_SECONDS = 60
"""Until the login shell's first sign of life. A host that is away takes less: ssh gives up a connection after
CONNECT_SECONDS of ssh/configuration.py, or what the person's own configuration says, and each silence of whoever has
accepted one after 20 (SSH_OPTIONS; seen with OpenSSH 9.2). What is left is a slow machine, whose login goes on step by
step, and a name, which takes 40 seconds where a name server is silent and which no option of ssh bounds."""

WHOLE_SECONDS = 200
"""Until it has said all: the questions bound themselves, the slowest is given 120 seconds."""

SSH_OPTIONS = (
    *BATCH,
    # From the key exchange on a host that falls silent is given up after 20 seconds.
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4"),
    # Without a path for its socket a master connection is of no use, and only one connection is made.
    *("-o", "ControlMaster=no"),
)
"""Options of ssh for every host."""

SETTINGS = {
    "CONTAINER_RUNTIME_ENDPOINT": "unix:///run/containerd/containerd.sock",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}
"""Environment of the commands."""


Run = Callable[[str], Answer]
"""Runs a command on a host. ``OSError``: it could not be started."""


class Unreachable(Exception):
    """A host gave no answers at all; the text is one line that says why."""


def ask_host(run: Run, asked: Asked) -> Answers:
    """Ask one host everything; ``run`` runs a command there. :class:`Unreachable` when nothing usable came back."""
    told = spoken(run, command(asked))
    problem = nonsense(told)
    if problem:
        raise Unreachable(f"its answers make no sense: {problem}")
    return Answers(told, asked.commands)


def spoken(run: Run, command: str) -> dict[str, Any]:
    """What a program said at its end, in JSON; :class:`Unreachable` when it did not come so far."""
    try:
        ran = run(command)
    except OSError as error:
        raise Unreachable(str(error)) from error
    try:
        # Whatever the login shell prints by itself stands before it.
        found = json.loads(ran.out.rstrip("\n").rpartition("\n")[2])
    except ValueError:
        raise Unreachable(reason_of(ran.err) or f"exit {ran.code}, and no answer") from None
    if not isinstance(found, dict):
        raise Unreachable(f"its answers make no sense: {str(found)[:40]}")
    return found


def command(asked: Asked) -> str:
    """The program with all questions in it, as one command line of a POSIX shell; ASCII."""
    told = {
        "texts": asked.texts,
        "modes": asked.modes,
        "places": asked.places,
        "commands": {one.name: [one.command, one.seconds] for one in asked.commands if one.command},
        "settings": SETTINGS,
    }
    return program_command(asker, told)


def program_command(module: ModuleType, asked: Mapping[str, Any]) -> str:
    """A program of this package with what it is asked, as one command line.

    As text on its input and not in its arguments: sudo logs arguments. The shell's empty line comes first and says that
    the host is there: on a slow one sudo and Python take their time to start.
    """
    program = f"{inspect.getsource(module)}\n\nmain({json.dumps(asked)!r})\n"
    packed = base64.b64encode(gzip.compress(program.encode(), mtime=0)).decode()
    root = 'if [ "$(id -u)" = 0 ]; then exec python3 -; else exec sudo -n python3 -; fi'
    return f"echo; printf %s {packed} | base64 -d | gunzip | {{ {root}; }}"


def node_named(plan: Plan, *names: str) -> NodePlan | None:
    """The node of the first name that is one; of ``cp1.tail1234.ts.net`` the part before the first dot counts."""
    known = {node.name: node for node in plan.nodes}
    for name in names:
        for form in (name, name.partition(".")[0]):
            if form in known:
                return known[form]
    return None
