"""What the tasks share: how they meet errors, and where inventory, secrets and folders are.

The clock and the environment are read here and in tasks.py, and nowhere in the package.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import choice
from typing import Any

from invoke.exceptions import Exit
from invoke.tasks import task

from meshstrap.command_line import let_words_be_left_out
from meshstrap.decisions import Count
from meshstrap.errors import InventoryInvalid, MeshstrapError
from meshstrap.pipeline import load_plan
from meshstrap.plan import NodePlan, Plan
from meshstrap.secrets import Secrets, create_token, load_secrets, parse_lifetime, save_secrets
from meshstrap.views.screen import Screen

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE / "cluster.example.yaml"
LIFETIME = "24h"
INTERRUPTED = 130
let_words_be_left_out()
HELP = {
    "inventory": "the inventory; without it cluster.yaml, or the example while there is none",
    "output": "the folder to render into; without it generated/",
    "secrets": "the secrets file; without it secrets.yaml beside the inventory",
}


def people_task(
    *, iterable: Sequence[str] = (), word: str = "", **help_texts: str
) -> Callable[[Callable[..., None]], Any]:
    """A task whose known errors are a message and an exit code; a bug keeps its traceback, Ctrl-C says nothing.

    ``word`` is the one parameter that may stand behind the task's name without a flag, or be left out.
    """

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **flags: Any) -> None:
            try:
                function(*args, **flags)
            except MeshstrapError as error:
                raise Exit(str(error), code=error.exit_code) from error
            except KeyboardInterrupt:
                raise Exit(code=INTERRUPTED) from None

        flags = function.__code__.co_varnames[: function.__code__.co_argcount]
        texts = {name: text for name, text in HELP.items() if name in flags} | help_texts
        return task(run, help=texts, iterable=list(iterable), positional=[word] if word else [])

    return decorate


def find_inventory(inventory: str, screen: Screen | None) -> Path:
    """The inventory that the flag names; without it the person's own, or the example, which is then said."""
    own = project_file("cluster.yaml")
    if inventory or own.exists():
        return Path(inventory) if inventory else own
    if screen:
        screen.say(f"There is no {own} yet: this is {shown(EXAMPLE)}.\n")
    return shown(EXAMPLE)


def plan_to_explain(screen: Screen, inventory: str) -> Plan:
    """The plan whose figures an explanation takes: the example's while the person's own inventory has problems."""
    path = find_inventory(inventory, screen)
    try:
        return load_plan(path)
    except InventoryInvalid as error:
        problems = f"{len(error.problems)} problem{'' if len(error.problems) == 1 else 's'}"
        screen.say(f"{path} has {problems}; `invoke plan` says which. So the figures are of {shown(EXAMPLE)}.\n")
        return load_plan(EXAMPLE)


def find_secrets(screen: Screen, path: Path, plan: Plan, *, create: bool) -> Secrets:
    """The secrets; a worker without a bootstrap token gets one, so that what is rendered can be pasted."""
    known = load_secrets(path, os.environ)
    lacking = known.without_token(workers(plan))
    if lacking and create:
        known = with_tokens(known, lacking, plan, LIFETIME)
        save_secrets(path, known)
        screen.say(f"{path}: {Count(len(lacking)):new bootstrap token}, good for {LIFETIME}\n")
    for name in known.strangers(node.name for node in plan.nodes):
        screen.say(f"warning: there is a secret for {name}, which is no node of the inventory", style="yellow")
    return known


def with_tokens(known: Secrets, names: Sequence[str], plan: Plan, lifetime: str) -> Secrets:
    """New bootstrap tokens for these workers."""
    expires = now() + parse_lifetime(lifetime)
    return known.with_tokens({name: create_token(choice, expires) for name in names}, workers(plan))


def missing(known: Secrets, node: NodePlan) -> tuple[str, ...]:
    """What the node lacks."""
    return known.missing(node.name, joins=not node.is_control_plane, now=now())


def workers(plan: Plan) -> tuple[str, ...]:
    """The names of the nodes that join."""
    return tuple(node.name for node in plan.nodes if not node.is_control_plane)


def secrets_path(inventory: Path, secrets: str) -> Path:
    """The file that the flag names, or the one beside the inventory."""
    # The example's tokens are no part of the person's own cluster.
    name = "secrets.example.yaml" if is_example(inventory) else "secrets.yaml"
    return Path(secrets) if secrets else inventory.with_name(name)


def is_example(inventory: Path) -> bool:
    """Whether this is the project's example, and not the person's own."""
    return inventory.name == EXAMPLE.name


def project_file(name: str) -> Path:
    """A file or folder of the project."""
    return shown(HERE / name)


def folder(output: str) -> Path:
    """The folder that the flag names, or generated/."""
    return Path(output) if output else project_file("generated")


def shown(path: Path) -> Path:
    """A path as short as it can be from where the person stands."""
    return Path(os.path.relpath(path))


def now() -> datetime:
    """The clock, read here and nowhere in the package."""
    return datetime.now(UTC)
