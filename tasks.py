"""What people run; `invoke --list` names it all. Tasks read flags and put the parts of meshstrap together, no more."""

from __future__ import annotations

import functools
import json as json_module
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import choice
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from meshstrap.errors import MeshstrapError, OutputRefused
from meshstrap.files import write_file
from meshstrap.inventory import json_schema, parse_inventory
from meshstrap.lint import lint_scripts, lint_sources
from meshstrap.output import write_generated
from meshstrap.pipeline import load_plan, node_files, pack_nodes, render_scripts
from meshstrap.plan import NodePlan, Plan
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.secrets import Secrets, create_token, load_auth_keys, load_secrets, parse_lifetime, save_secrets
from meshstrap.views.json import plan_json
from meshstrap.views.result import RenderedNode, show_missing, show_result
from meshstrap.views.screen import Screen
from meshstrap.views.starter import parse_starter_node, starter_inventory
from meshstrap.views.tables import plan_sections

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE / "cluster.example.yaml"
LIFETIME = "168h"
INTERRUPTED = 130
HELP = {
    "inventory": "the inventory; without it cluster.yaml, or the example while there is none",
    "output": "the folder to render into; without it generated/",
    "secrets": "the secrets file; without it secrets.yaml beside the inventory",
}
RENEWED = """\
A control plane that runs already has read its user-data and does not know the new token. After the next render copy
generated/{control_plane}/bootstrap_tokens to it, as /etc/meshstrap/secrets/bootstrap_tokens with mode 0600; then there:
sudo systemctl restart meshstrap"""


def people_task(*, iterable: Sequence[str] = (), **help_texts: str) -> Callable[[Callable[..., None]], Any]:
    """A task whose known errors are a message and an exit code; a bug keeps its traceback, Ctrl-C says nothing."""

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
        return task(run, help=texts, iterable=list(iterable))

    return decorate


@people_task(
    check="write nothing; exit 1 when anything would change",
    prune="also remove the folders of nodes that left the inventory",
)
def render(
    context: Context,
    inventory: str = "",
    output: str = "",
    secrets: str = "",
    check: bool = False,
    prune: bool = False,
) -> None:
    """Write each node's user-data to generated/NODE/."""
    screen, root = Screen(), folder(output)
    path = find_inventory(inventory, screen)
    plan = load_plan(path)
    known = find_secrets(screen, secrets_path(path, secrets), plan, create=not check)
    scripts = render_scripts(plan, screen.track)
    with screen.working("linting"):
        lint_scripts(scripts, f"{root}/{{node}}/bootstrap.sh")
    packed = pack_nodes(plan, scripts, known, screen.track)
    with screen.working("writing"):
        report = write_generated(root, node_files(plan, scripts, packed, known), check=check, prune=prune)
    rows = [
        RenderedNode(node=node, state=report.state(node.name), sizes=packed[node.name], missing=missing(known, node))
        for node in plan.nodes
    ]
    show_result(screen, str(root), rows, report, limit=METADATA_LIMIT, example=path.name == EXAMPLE.name)


@people_task(
    iterable=["node"],
    name="the cluster's name",
    node="NAME:ROLE:ACCOUNT[:OS], once for each node, like cp1:control-plane:alice",
    login_server="URL of a Headscale server; without it Tailscale's own",
    inventory="the file to write; without it cluster.yaml",
)
def init(context: Context, node: list[str], inventory: str = "", name: str = "", login_server: str = "") -> None:
    """Write a commented cluster.yaml to start from."""
    path = Path(inventory) if inventory else shown(HERE / "cluster.yaml")
    if path.exists() or path.is_symlink():
        raise OutputRefused(
            f"{path}: is there already and was left alone; edit it, or name another file with --inventory"
        )
    nodes = [parse_starter_node(text) for text in node]
    if None in nodes:
        wrong = node[nodes.index(None)]
        raise OutputRefused(f"--node {wrong}: is not NAME:ROLE:ACCOUNT, like w1:worker:bob; nothing was written")
    example = EXAMPLE.read_text(encoding="utf-8")
    text = starter_inventory(example, name=name, nodes=[*filter(None, nodes)], login_server=login_server)
    parse_inventory(text, str(path))
    write_file(path, text)
    Screen().say(f"{path}: written. Next: edit it, then `invoke render`.")


@people_task(json="as JSON, for programs", output="a file to write it to; without it the terminal")
def plan(context: Context, inventory: str = "", output: str = "", json: bool = False) -> None:
    """Show everything that follows from the inventory, and why."""
    screen = Screen()
    derived = load_plan(find_inventory(inventory, None if json else screen))
    with screen.recorded(wanted=bool(output)) as record:
        if json:
            screen.say(plan_json(derived))
        else:
            for title, table in plan_sections(derived):
                screen.show(table, title)
            for warning in derived.warnings:
                screen.say(f"\nwarning: {warning}", style="yellow")
    if output:
        write_file(Path(output), record.getvalue())


@people_task(output="the folder by which findings in a node's own values are named")
def lint(context: Context, inventory: str = "", output: str = "") -> None:
    """Check every script with shellcheck and bash."""
    screen = Screen()
    derived = load_plan(find_inventory(inventory, screen))
    with screen.working("linting the sources"):
        lint_sources(HERE / "scripts")
    scripts = render_scripts(derived, screen.track)
    with screen.working("linting the scripts"):
        lint_scripts(scripts, f"{folder(output)}/{{node}}/bootstrap.sh")
    screen.say(f"scripts/ and {len(scripts)} rendered scripts: no findings")


@people_task(output="the file to write, - for the terminal; without it cluster.schema.json")
def schema(context: Context, output: str = "") -> None:
    """Write the JSON Schema that editors complete from."""
    screen, text = Screen(), json_module.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    path = Path(output) if output else shown(HERE / "cluster.schema.json")
    if output == "-":
        screen.say(text.rstrip("\n"))
    elif path.is_file() and path.read_text(encoding="utf-8") == text:
        screen.say(f"{path}: unchanged")
    else:
        write_file(path, text)
        screen.say(f"{path}: written")


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
    screen = Screen()
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
    screen.say(f"Next: `invoke render`, which puts them into {folder(output)}/NODE/.")


def find_inventory(inventory: str, screen: Screen | None) -> Path:
    """The inventory that the flag names; without it the person's own, or the example, which is then said."""
    own = shown(HERE / "cluster.yaml")
    if inventory or own.exists():
        return Path(inventory) if inventory else own
    if screen:
        screen.say(f"There is no {own} yet: this is {shown(EXAMPLE)}.\n")
    return shown(EXAMPLE)


def find_secrets(screen: Screen, path: Path, plan: Plan, *, create: bool) -> Secrets:
    """The secrets; a worker without a bootstrap token gets one, so that what is rendered can be pasted."""
    known = load_secrets(path, os.environ)
    lacking = known.without_token(workers(plan))
    if lacking and create:
        known = with_tokens(known, lacking, plan, LIFETIME)
        save_secrets(path, known)
        screen.say(f"{path}: {len(lacking)} new bootstrap tokens, good for {LIFETIME}\n")
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
    name = "secrets.example.yaml" if inventory.name == EXAMPLE.name else "secrets.yaml"
    return Path(secrets) if secrets else inventory.with_name(name)


def folder(output: str) -> Path:
    """The folder that the flag names, or generated/."""
    return Path(output) if output else shown(HERE / "generated")


def shown(path: Path) -> Path:
    """A path as short as it can be from where the person stands."""
    return Path(os.path.relpath(path))


def now() -> datetime:
    """The clock, read here and nowhere in the package."""
    return datetime.now(UTC)
