"""What people run; `invoke --list` names it all. Tasks read flags and put the parts of meshstrap together, no more."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path

from invoke.context import Context

from meshstrap.decisions import decision
from meshstrap.errors import OutputRefused, UnknownName
from meshstrap.files import write_file, write_folder
from meshstrap.inventory import json_schema, parse_inventory
from meshstrap.language import choose_language
from meshstrap.lint import lint_scripts, lint_sources
from meshstrap.output import write_generated
from meshstrap.page import write_page
from meshstrap.pipeline import code_name, lintable_scripts, load_plan, node_files, pack_nodes, page_text, render_scripts
from meshstrap.plan.figures import derive_figures
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.secrets import load_auth_keys, load_secrets, save_secrets
from meshstrap.views.compat import collision_named, profile_json, show_collision, show_profile, show_warnings
from meshstrap.views.explain import show_decision, show_way
from meshstrap.views.json import plan_json
from meshstrap.views.pictures import PICTURES, mermaid_picture, picture_files, pictures_markdown, svg_picture
from meshstrap.views.result import RenderedNode, show_code, show_missing, show_result
from meshstrap.views.screen import Screen
from meshstrap.views.starter import parse_starter_node, starter_inventory
from meshstrap.views.tables import plan_sections
from task_nodes import lab, verify, watch  # noqa: F401 - invoke finds them here
from task_support import (
    EXAMPLE,
    LIFETIME,
    find_inventory,
    find_secrets,
    folder,
    is_example,
    missing,
    people_task,
    plan_to_explain,
    project_file,
    secrets_path,
    with_tokens,
    workers,
)

RENEWED = """\
A control plane that runs already has read its user-data and does not know the new token. After the next render copy
generated/{control_plane}/bootstrap_tokens to it, as /etc/meshstrap/secrets/bootstrap_tokens with mode 0600; then there:
sudo systemctl restart meshstrap"""


@people_task(
    check="write nothing; exit 1 when anything would change",
    prune="also remove the folders of nodes that left the inventory",
    no_secrets="leave the user-data out of index.html, so that the page may be shown to others",
)
def render(
    context: Context,
    inventory: str = "",
    output: str = "",
    secrets: str = "",
    check: bool = False,
    prune: bool = False,
    no_secrets: bool = False,
) -> None:
    """Write each node's user-data to generated/NODE/, and the page that says what to do with it."""
    screen, root = Screen(), folder(output)
    path = find_inventory(inventory, screen)
    plan = load_plan(path)
    show_warnings(screen, plan)
    known = find_secrets(screen, secrets_path(path, secrets), plan, create=not check)
    scripts = render_scripts(plan, screen.track)
    with screen.working("linting"):
        lint_scripts(lintable_scripts(plan, scripts), f"{root}/{{node}}/bootstrap.sh")
    packed = pack_nodes(plan, scripts, known, screen.track)
    with screen.working("writing"):
        report = write_generated(root, node_files(plan, scripts, packed, known), check=check, prune=prune)
        page = write_page(root, page_text(plan, packed, known, secret=not no_secrets), check=check)
    rows = [
        RenderedNode(node=node, state=report.state(node.name), sizes=packed[node.name], missing=missing(known, node))
        for node in plan.nodes
    ]
    page += ", without secrets" if no_secrets else ""
    show_result(screen, str(root), rows, report, limit=METADATA_LIMIT, page=page, example=is_example(path))
    if plan.code_url:
        show_code(screen, str(root), code_name(plan), plan.code_url)


@people_task(
    iterable=["node"],
    name="the cluster's name",
    node="NAME:ROLE:ACCOUNT[:OS], once for each node, like cp1:control-plane:alice",
    login_server="URL of a Headscale server; without it Tailscale's own",
    inventory="the file to write; without it cluster.yaml",
)
def init(context: Context, node: list[str], inventory: str = "", name: str = "", login_server: str = "") -> None:
    """Write a commented cluster.yaml to start from."""
    path = Path(inventory) if inventory else project_file("cluster.yaml")
    if path.exists() or path.is_symlink():
        raise OutputRefused(
            f"{path}: is there already and was left alone; edit it, or name another file with --inventory"
        )
    nodes = [parse_starter_node(text) for text in node]
    if None in nodes:
        wrong = node[nodes.index(None)]
        raise OutputRefused(f"--node {wrong}: is not NAME:ROLE:ACCOUNT, like w1:worker:bob; nothing was written")
    example = project_file(EXAMPLE.name).read_text(encoding="utf-8")
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


@people_task(
    word="topic",
    topic="the decision to explain; without one, the way to all of them",
    lang="en or ko; without it the language of your locale",
)
def explain(context: Context, topic: str | None = None, inventory: str = "", lang: str = "") -> None:
    """Say why the cluster is built as it is, or explain one TOPIC."""
    screen, language = Screen(), choose_language(lang, os.environ)
    wanted = decision(topic) if topic else None
    figures = derive_figures(plan_to_explain(screen, inventory))
    if wanted:
        show_decision(screen, wanted, language, figures)
    else:
        show_way(screen, language, figures)


@people_task(
    word="collision",
    collision="the one to show whole; without it the table",
    all_="also those that concern other versions and systems",
    json="as JSON, for programs",
)
def compat(
    context: Context, collision: str | None = None, inventory: str = "", all_: bool = False, json: bool = False
) -> None:
    """Show known collisions of these versions, and what keeps them away."""
    screen = Screen()
    derived = load_plan(find_inventory(inventory, None if json else screen))
    if json:
        screen.say(profile_json(derived))
    elif collision:
        show_collision(screen, collision_named(derived, collision))
    else:
        show_profile(screen, derived, everything=all_)


@people_task(output="the folder by which findings in a node's own values are named")
def lint(context: Context, inventory: str = "", output: str = "") -> None:
    """Check every script with shellcheck and bash."""
    screen = Screen()
    derived = load_plan(find_inventory(inventory, screen))
    with screen.working("linting the sources"):
        lint_sources(project_file("scripts"))
    scripts = render_scripts(derived, screen.track)
    with screen.working("linting the scripts"):
        lint_scripts(lintable_scripts(derived, scripts), f"{folder(output)}/{{node}}/bootstrap.sh")
    screen.say(f"scripts/ and {len(scripts)} rendered scripts: no findings")


@people_task(
    word="picture",
    picture="topology, packet or boot; without it all of them, as Markdown",
    svg="that picture as SVG, for people",
    lang="en or ko; without it the language of your locale",
    output="a folder to write every picture to, as Mermaid and as SVG; without it the terminal",
)
def graph(
    context: Context,
    picture: str | None = None,
    inventory: str = "",
    svg: bool = False,
    lang: str = "",
    output: str = "",
) -> None:
    """Draw accounts and nodes, a packet's way and the boot order; or one PICTURE."""
    if (picture or svg) and picture not in PICTURES:
        raise UnknownName("picture", picture or "", PICTURES)
    language = choose_language(lang, os.environ)
    screen = Screen()
    derived = load_plan(find_inventory(inventory, screen if output else None))
    if output:
        files = picture_files(derived, language)
        write_folder(Path(output), files)
        screen.say(f"{output}: {', '.join(files)} written")
    elif picture:
        draw = svg_picture if svg else mermaid_picture
        screen.say(draw(derived, picture, language).rstrip("\n"))
    else:
        screen.say(pictures_markdown(derived, language).rstrip("\n"))


@people_task(output="the file to write, - for the terminal; without it cluster.schema.json")
def schema(context: Context, output: str = "") -> None:
    """Write the JSON Schema that editors complete from."""
    screen, text = Screen(), json_module.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    path = Path(output) if output else project_file("cluster.schema.json")
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
