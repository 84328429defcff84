"""``secrets``, and the secrets of those tasks that need them. The environment is read here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from secrets import choice

from meshstrap.decisions import Count
from meshstrap.files import alone_in
from meshstrap.git import keep_from_git
from meshstrap.pipeline import load_plan
from meshstrap.plan import NodePlan, Plan
from meshstrap.secrets import (
    ENVIRONMENT_PREFIX,
    Secrets,
    create_token,
    load_auth_keys,
    load_secrets,
    parse_lifetime,
    refuse_unfit_keys,
    save_secrets,
)
from meshstrap.tasks.flags import LIFETIME
from meshstrap.tasks.places import find_inventory, folder, now, secrets_path, shown
from meshstrap.tasks.screen import TaskScreen
from meshstrap.views.result import show_missing, show_renewed
from meshstrap.views.screen import Screen


def secrets(
    renew: list[str], inventory: str, output: str, secrets: str, lifetime: str, auth_keys: str, prune: bool
) -> None:
    """What ``secrets`` does."""
    screen = TaskScreen()
    path = find_inventory(inventory, screen)
    derived = load_plan(path)
    place = secrets_path(path, secrets)
    with alone_with(screen, place):
        before, names = load_secrets(place, os.environ), [node.name for node in derived.nodes]
        keys = load_auth_keys(Path(auth_keys)) if auth_keys else {}
        after = before.with_auth_keys(keys, names)
        after = with_tokens(after, [*after.without_token(workers(derived)), *renew], derived, lifetime)
        refuse_unfit_keys(after, names, derived.login_server)
        after = pruned(screen, after, derived) if prune else after
        for file in [place, *([Path(auth_keys)] if auth_keys else [])]:
            ignore_in_git(screen, file)
        save_secrets(place, after)
    screen.say(f"{place}: {after}")
    show_strangers(screen, after, derived)
    show_missing(screen, {node.name: missing(after, node) for node in derived.nodes})
    screen.say(f"Next: `invoke render`, which puts them into {folder(output)}/NODE/.")
    if renew:
        show_renewed(screen, str(folder(output)), derived, renew)


def alone_with(screen: Screen, path: Path) -> AbstractContextManager[None]:
    """No other task writes the secrets meanwhile, nor what is made of them: all nodes are to have the same tokens."""
    return alone_in(
        path.absolute().parent,
        lambda: screen.say(f"{path}: another task writes it, or what is made of it; waiting until that has ended\n"),
    )


def ignore_in_git(screen: Screen, path: Path, names: Sequence[str] = ()) -> None:
    """See to it that git takes no secret, and say so. ``KnownToGit``."""
    if place := keep_from_git(path, names):
        screen.say(f"{path}: git would have taken it, secrets and all; {shown(place)} says now that it is ignored\n")


def pruned(screen: Screen, known: Secrets, plan: Plan) -> Secrets:
    """Without what no node needs, which is said."""
    kept = known.only([node.name for node in plan.nodes], workers(plan))
    gone = {"auth key": known.auth_keys.keys() - kept.auth_keys.keys()}
    gone["bootstrap token"] = known.bootstrap_tokens.keys() - kept.bootstrap_tokens.keys()
    for what, names in gone.items():
        for name in sorted(names):
            screen.say(f"{name}: its {what} is removed")
    return kept


def find_secrets(screen: Screen, path: Path, plan: Plan, *, create: bool) -> Secrets:
    """The secrets; a worker without a bootstrap token gets one, so that what is rendered can be pasted."""
    known = load_secrets(path, os.environ)
    refuse_unfit_keys(known, [node.name for node in plan.nodes], plan.login_server)
    lacking = known.without_token(workers(plan))
    if create and (lacking or path.exists()):
        ignore_in_git(screen, path)
    if lacking and create:
        known = with_tokens(known, lacking, plan, LIFETIME)
        save_secrets(path, known)
        screen.say(f"{path}: {Count(len(lacking)):new bootstrap token}, good for {LIFETIME}\n")
    show_strangers(screen, known, plan)
    return known


def show_strangers(screen: Screen, known: Secrets, plan: Plan) -> None:
    """Warn of secrets for names that no node has: a node was taken away, or its name is mistyped here."""
    for name in known.strangers(node.name for node in plan.nodes):
        way = "" if name.startswith(ENVIRONMENT_PREFIX) else "; `invoke secrets --prune` removes it"
        screen.say(f"warning: there is a secret for {name}, which is no node of the inventory{way}", style="yellow")


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
