"""``secrets``, and the secrets of those tasks that need them. The environment is read here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from secrets import choice

from invoke.context import Context

from meshstrap.decisions import Count
from meshstrap.pipeline import load_plan
from meshstrap.plan import NodePlan, Plan
from meshstrap.secrets import Secrets, create_token, load_auth_keys, load_secrets, parse_lifetime, save_secrets
from meshstrap.tasks.command import TaskScreen, again
from meshstrap.tasks.people import people_task
from meshstrap.tasks.places import find_inventory, folder, now, secrets_path
from meshstrap.views.result import show_missing
from meshstrap.views.screen import Screen

LIFETIME = "24h"
RENEWED = """\
A control plane that runs already has read its user-data and does not know the new token. After the next render copy
generated/{control_plane}/bootstrap_tokens to it, as /etc/meshstrap/secrets/bootstrap_tokens with mode 0600; then there:
sudo systemctl restart meshstrap"""


@people_task(
    iterable=["renew"],
    lifetime="how long new tokens last: until the last machine is created, and a little more",
    renew="a worker that gets a new token; once for each",
    auth_keys="a file of `node: key` lines; MESHSTRAP_AUTH_KEY_<NODE> in the environment works as well",
    output="the folder that is rendered into",
)
def secrets(
    context: Context,
    renew: list[str],
    inventory: str = "",
    output: str = "",
    secrets: str = "",
    lifetime: str = LIFETIME,
    auth_keys: str = "",
) -> None:
    """Create bootstrap tokens and take in auth keys."""
    screen = TaskScreen()
    path = find_inventory(inventory, screen)
    derived = load_plan(path)
    place = secrets_path(path, secrets)
    before = load_secrets(place, os.environ)
    keys = load_auth_keys(Path(auth_keys)) if auth_keys else {}
    after = before.with_auth_keys(keys, [node.name for node in derived.nodes])
    after = with_tokens(after, [*after.without_token(workers(derived)), *renew], derived, lifetime)
    save_secrets(place, after)
    screen.say(f"{place}: {after}")
    show_missing(screen, {node.name: missing(after, node) for node in derived.nodes})
    if renew:
        screen.say(RENEWED.format(control_plane=derived.control_plane))
    render = again("render", inventory=inventory, output=output, secrets=secrets)
    screen.say(f"Next: `{render}`, which puts them into {folder(output)}/NODE/.")


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
