"""``adopt``: a machine that runs already becomes a node, over SSH or by a file."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import nullcontext
from pathlib import Path

from meshstrap.errors import AdoptionRefused, NoWay, OutputRefused, UnknownName
from meshstrap.files import read_bounded, write_atomically
from meshstrap.lint import lint_scripts
from meshstrap.pipeline import lintable_scripts, load_plan
from meshstrap.plan import NodePlan
from meshstrap.rendering import Adoption, render_adoption, render_script
from meshstrap.rendering.adoption import MARK
from meshstrap.ssh import SSH_FAILED, Answer, Connection, advice, reason_of, ssh_program
from meshstrap.tasks.nodes import configuration_of
from meshstrap.tasks.places import find_inventory, secrets_path, verdicts_folder
from meshstrap.tasks.screen import TaskScreen
from meshstrap.tasks.secrets import alone_with, find_secrets, ignore_in_git, missing
from meshstrap.views.result import show_missing

SECONDS = 120
"""How long a machine may take for its answers: on a slow one its package manager alone takes some."""

# The program comes on the input, so that its arguments, which everybody there can read, say nothing.
_SHELL = 'if [ "$(id -u)" = 0 ]; then exec bash -s -- {0}; else exec sudo -n bash -s -- {0}; fi'
_UNPRINTABLE = re.compile(r"[^\n -~]")


def adopt(*, node: str, inventory: str, secrets: str, check: bool, output: str, hosts: str, ssh_config: str) -> None:
    """What ``adopt`` does."""
    screen = TaskScreen()
    path = find_inventory(inventory, screen)
    plan = load_plan(path)
    if node not in {one.name for one in plan.nodes}:
        raise UnknownName("node", node, [one.name for one in plan.nodes])
    if check and output:
        raise OutputRefused(f"--check asks the machine now; the file can do that, too: sudo bash {output} --check")
    place = secrets_path(path, secrets)
    with nullcontext() if check else alone_with(screen, place):
        known = find_secrets(screen, place, plan, create=not check)
    chosen = plan.node(node)
    script = render_script(plan, chosen)
    with screen.working("linting"):
        lint_scripts(lintable_scripts(plan, {node: script}), kept=verdicts_folder())
    adoption = render_adoption(plan, chosen, script, known)
    show_missing(screen, {node: missing(known, chosen)})
    if output:
        write_program(screen, Path(output), adoption, chosen)
        return
    with tempfile.TemporaryDirectory(prefix="meshstrap-") as folder:
        configuration = Path(folder) / "ssh_config"
        write_atomically(configuration, configuration_of(plan, hosts, ssh_config))
        hand_over(screen, Connection(program=ssh_program(), configuration=configuration), node, adoption, check=check)


def write_program(screen: TaskScreen, path: Path, adoption: Adoption, node: NodePlan) -> None:
    """Write the program that hands over. ``OutputRefused``: it is somebody else's file; ``KnownToGit``."""
    try:
        if path.is_symlink() or (path.exists() and not _is_ours(path)):
            message = f"{path}: is there already, and no program of ours; name another file with --output"
            raise OutputRefused(message)
        ignore_in_git(screen, path)
        write_atomically(path, adoption.hands_over)
    except OSError as error:
        message = f"{path}: {error.strerror}: nothing was written"
        raise OutputRefused(message) from error
    place = f"{node.login_user}@{node.address or node.name}"
    screen.say(f"{path}: written, for you alone: it holds the secrets of {node.name}. Next, leaving no copy there:")
    screen.say(f"  scp -p {path} {place}:adopt.sh && ssh -t {place} sudo bash adopt.sh; ssh {place} rm adopt.sh")
    screen.say("It says what is in the way before it changes anything. Then `invoke watch` follows the node.")


def _is_ours(path: Path) -> bool:
    return MARK.encode() in read_bounded(path, len(MARK) + 40)


def hand_over(screen: TaskScreen, connection: Connection, node: str, adoption: Adoption, *, check: bool) -> None:
    """Ask the machine; when nothing is in the way, and no secret has travelled yet, hand over."""
    with screen.working(f"asking {node}"):
        answer = _run(connection, node, adoption.asks, "--check")
    screen.say(f"{node}: {_said(answer, node, 'Nothing was changed there.')}")
    if check:
        screen.say(f"\n--check changed nothing; `invoke adopt {node}` hands over.")
        return
    with screen.working(f"handing over to {node}"):
        answer = _run(connection, node, adoption.hands_over, "--told")
    screen.say(f"\n{_said(answer, node, 'Whether it got all of it is not known: give it the same command again.')}")
    screen.say("Next: `invoke watch` follows it.")


def _run(connection: Connection, node: str, program: str, flag: str) -> Answer:
    return asyncio.run(connection.run(node, _SHELL.format(flag), told=program, seconds=SECONDS))


def _said(answer: Answer, node: str, otherwise: str) -> str:
    """What the machine said. ``AdoptionRefused`` with all that is in the way; ``NoWay``: it could not be asked."""
    text = _UNPRINTABLE.sub("?", answer.out).strip()
    if answer.code == AdoptionRefused.exit_code:
        raise AdoptionRefused(f"{node}: {text}")
    if answer.code != 0:
        reason = reason_of(answer.err) or f"exit {answer.code}, without a word"
        way = f" ({advice(node, answer.err)})" if answer.code == SSH_FAILED or "sudo:" in reason else ""
        raise NoWay(
            f"{node}: {reason}{way}. {otherwise} A file that is run there does the same: "
            f"`invoke adopt {node} --output {node}.sh`"
        )
    return text
