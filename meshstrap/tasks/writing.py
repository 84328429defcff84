"""``render`` and ``lint``: the scripts of all nodes."""

from __future__ import annotations

from contextlib import nullcontext

from meshstrap.errors import TooLargeToPaste
from meshstrap.lint import lint_scripts, lint_sources
from meshstrap.output import write_generated
from meshstrap.page import PAGE, write_page
from meshstrap.pipeline import (
    code_name,
    holds_secret,
    lintable_scripts,
    load_plan,
    node_files,
    pack_nodes,
    page_text,
    render_scripts,
)
from meshstrap.plan.accounts import UNLISTED_SSH_KEYS_BYTES
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.resources import resource
from meshstrap.tasks.places import find_inventory, folder, is_example, secrets_path, verdicts_folder
from meshstrap.tasks.screen import TaskScreen
from meshstrap.tasks.secrets import alone_with, find_secrets, ignore_in_git, missing
from meshstrap.views.compat import show_warnings
from meshstrap.views.result import RenderedNode, show_code, show_next, show_result, too_large


def render(inventory: str, output: str, secrets: str, check: bool, prune: bool, no_secrets: bool) -> None:
    """What ``render`` does."""
    screen, root = TaskScreen(), folder(output)
    path = find_inventory(inventory, screen)
    plan = load_plan(path)
    show_warnings(screen, plan)
    place = secrets_path(path, secrets)
    with nullcontext() if check else alone_with(screen, place):
        known = find_secrets(screen, place, plan, create=not check)
        scripts = render_scripts(plan, screen.track)
        with screen.working("linting"):
            lint_scripts(lintable_scripts(plan, scripts), f"{root}/{{node}}/bootstrap.sh", verdicts_folder())
        packed = pack_nodes(plan, scripts, known, screen.track)
        files = node_files(plan, scripts, packed, known)
        if not check:
            ignore_in_git(screen, root, [PAGE, *(name for name in files if holds_secret(name))])
        with screen.working("writing"):
            report = write_generated(root, files, check=check, prune=prune)
            page = write_page(root, page_text(plan, packed, known, secret=not no_secrets), check=check)
    rows = [
        RenderedNode(node=node, state=report.state(node.name), sizes=packed[node.name], missing=missing(known, node))
        for node in plan.nodes
    ]
    page += ", without secrets" if no_secrets else ""
    show_result(screen, str(root), rows, report, limit=METADATA_LIMIT, page=page)
    show_next(screen, str(root), example=is_example(path))
    if plan.code_url:
        show_code(screen, str(root), code_name(plan), plan.code_url)
    unlisted = [one.name for one in plan.accounts if one.ssh_keys_bytes == UNLISTED_SSH_KEYS_BYTES]
    if large := too_large(rows, METADATA_LIMIT, unlisted):
        raise TooLargeToPaste(large)


def lint(inventory: str, output: str) -> None:
    """What ``lint`` does."""
    screen = TaskScreen()
    derived = load_plan(find_inventory(inventory, screen))
    with screen.working("linting the sources"):
        lint_sources(resource("scripts"))
    scripts = render_scripts(derived, screen.track)
    with screen.working("linting the scripts"):
        lint_scripts(lintable_scripts(derived, scripts), f"{folder(output)}/{{node}}/bootstrap.sh")
    screen.say(f"scripts/ and {len(scripts)} rendered scripts: no findings")
