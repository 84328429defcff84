"""What a render says at its end: the table, what became of the folders, what is missing, and what to do next."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from meshstrap.output import Report
from meshstrap.plan.accounts import ED25519_BYTES, UNLISTED_SSH_KEYS_BYTES
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.plan.names import SECRETS_FOLDER
from meshstrap.rendering import UserData
from meshstrap.rendering.userdata import METADATA_RESERVE
from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table, some_names


@dataclass(frozen=True, kw_only=True)
class RenderedNode:
    """One row of the table."""

    node: NodePlan
    state: str
    sizes: UserData
    missing: Sequence[str]


def show_result(
    screen: Screen,
    root: str,
    rows: Sequence[RenderedNode],
    written: Report,
    *,
    limit: int,
    page: str,
) -> None:
    """Print all of it. ``limit``: bytes of metadata that the cloud takes; ``page``: what became of the page."""
    table = render_table(rows, limit)
    screen.show(table if screen.fits(table) else render_table(rows, limit, narrow=True))
    screen.say(
        f"yaml, b64: how much of the cloud's {limit:,} bytes this form of the user-data takes, SSH keys included"
    )
    screen.say(f"\n{root}/: {written}; index.html {page}")
    for row in rows:
        if row.sizes.tokens_left_out:
            tokens, file = row.sizes.tokens_left_out, f"{root}/{row.node.name}/bootstrap_tokens"
            screen.say(
                f"  {row.node.name}: {tokens} bootstrap tokens do not fit; once it has booted, on this computer:"
            )
            screen.say(f"  {token_line(row.node, file, 'bootstrap_tokens')}")
    show_missing(screen, {row.node.name: row.missing for row in rows})
    for node in written.stale:
        screen.say(f"  {node}: stale: no node of the inventory; `invoke render --prune` removes it", style="yellow")


def show_next(screen: Screen, root: str, *, example: bool) -> None:
    """What to do after a render."""
    screen.say()
    if example:
        screen.say(
            "This was the example. Next: `invoke init` writes a cluster.yaml of your own; edit it, render again."
        )
    else:
        screen.say(
            f"Next: open {root}/index.html in a browser. It says what to click for each node, and copies the\n"
            f"{root}/NODE/user-data.yaml that you paste as cloud-init script."
        )


def too_large(rows: Sequence[RenderedNode], limit: int, unlisted: Collection[str] = ()) -> str:
    """Which nodes cannot be pasted, and the ways out with the largest sizes among them; empty when all can.

    ``unlisted``: accounts of which the inventory lists no SSH key, so that room for the largest is kept.
    """
    large = [row for row in rows if not row.sizes.fits_pasted]
    if not large:
        return ""
    packed = _percent(max(row.sizes.packed for row in large), limit)
    saved = UNLISTED_SSH_KEYS_BYTES - ED25519_BYTES
    ways = ""
    if all(row.node.account in unlisted and row.sizes.pasted - saved <= limit - METADATA_RESERVE for row in large):
        ways = "list the SSH keys of its account in cluster.yaml: with one of Ed25519 it can be pasted; or "
    ways += f"give the cloud user-data.b64 (CLI, Terraform): {packed}"
    fetching = [row.sizes.fetching for row in large]
    if all(sizes and sizes.fits_pasted for sizes in fetching):
        pasted = _percent(max(sizes.pasted for sizes in fetching if sizes), limit)
        ways += f"; or set sources.code in cluster.yaml: user-data.yaml then takes {pasted}"
    return f"{some_names([row.node.name for row in large])}: too large to paste; {ways}"


def show_code(screen: Screen, root: str, name: str, url: str) -> None:
    """What to do with the file that the nodes fetch."""
    screen.say(f"Before that, put {root}/code/{name} at {url}/: the nodes wait until they can fetch it there.")


def _percent(size: int, limit: int) -> str:
    return f"{math.ceil(100 * size / limit)}%"


def render_table(rows: Iterable[RenderedNode], limit: int, *, narrow: bool = False) -> Table:
    """What became of each node, and how much of the cloud's metadata limit its user-data takes.

    ``narrow``: without what `invoke plan` says, too, and what it takes on the way there.
    """
    details = () if narrow else ("role", "account", "#steps", "#script", "#lzma", "#base94")
    table = new_table("node", *details, "#yaml", "#b64", "files")
    for row in rows:
        sizes = row.sizes
        travels = (sizes.compressed, sizes.encoded)
        cells = (row.node.role, row.node.account, *map(str, (len(row.node.steps), sizes.script)))
        cells = (*cells, *(str(size) if size else "-" for size in travels))
        table.add_row(
            *(row.node.name, *(() if narrow else cells)),
            _percent(sizes.pasted, limit) if sizes.fits_pasted else "no",
            _percent(sizes.packed, limit),
            row.state,
        )
    return table


def show_missing(screen: Screen, missing: Mapping[str, Sequence[str]]) -> None:
    """What the nodes still lack, the nodes of one lack together."""
    nodes: dict[str, list[str]] = {}
    for name, texts in missing.items():
        for text in texts:
            nodes.setdefault(text, []).append(name)
    for text, names in nodes.items():
        screen.say(f"  {some_names(names)}: {text}")


def show_renewed(screen: Screen, root: str, plan: Plan, workers: Sequence[str]) -> None:
    """The lines that bring renewed tokens to machines which run already; no token is on a command line."""
    screen.say("\nMachines that run already do not see new user-data. After that, one line for each, on this computer:")
    for name in (plan.control_plane, *workers):
        node = plan.node(name)
        file = "bootstrap_tokens" if node.is_control_plane else "bootstrap_token"
        why = "has to know the new tokens" if node.is_control_plane else "if it runs already and waits for its token"
        screen.say(f"  {name}, {why}:\n  {token_line(node, f'{root}/{name}/{file}', file)}")


def token_line(node: NodePlan, source: str, file: str) -> str:
    """The command that puts a file of tokens onto a node and lets it go on."""
    there = f"umask 077; cat >{SECRETS_FOLDER}/{file} && systemctl restart meshstrap"
    return f"ssh {node.login_user}@{node.address or node.name} \"sudo sh -c '{there}'\" <{shlex.quote(source)}"
