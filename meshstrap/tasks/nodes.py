"""``watch`` and ``verify``: what nodes say over SSH."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from invoke.exceptions import Exit

from meshstrap.errors import NotAllAsked, NoWay, UnknownName, VerificationFailed
from meshstrap.files import write_atomically, write_folder
from meshstrap.pipeline import load_plan
from meshstrap.plan import NodePlan, Plan
from meshstrap.ssh import Connection, parse_hosts, ssh_configuration, ssh_program, tailnet_addresses
from meshstrap.tasks.places import find_inventory, now
from meshstrap.tasks.screen import TaskScreen
from meshstrap.verify.run import Request, Verification, Way
from meshstrap.verify.verdict import Outcome, Report, report_json
from meshstrap.views.junit import junit_xml
from meshstrap.views.screen import Screen
from meshstrap.views.verification import show_verification
from meshstrap.views.verification_page import verification_page
from meshstrap.watch import Watch, read_node


def watch(inventory: str, once: bool, json: bool, hosts: str, ssh_config: str, pause: int) -> None:
    """What ``watch`` does."""
    screen = TaskScreen()
    plan = load_plan(find_inventory(inventory, None if json else screen))
    configuration = configuration_of(plan, hosts, ssh_config)
    with tempfile.TemporaryDirectory(prefix="meshstrap-") as folder:
        path = Path(folder) / "ssh_config"
        write_atomically(path, configuration)
        connection = Connection(program=ssh_program(), configuration=path)
        watching = Watch(screen, [node.name for node in plan.nodes], lambda node: read_node(connection, node, now), now)
        if once:
            watching.once(as_json=json)
            if not watching.all_answered:
                raise Exit(code=NotAllAsked.exit_code)
        else:
            watching.follow(as_json=json, pause=max(1, pause))


def verify(
    *, node: list[str], inventory: str, hosts: str, ssh_config: str, report: str, json: bool, cluster: bool, image: str
) -> None:
    """What ``verify`` does."""
    screen = TaskScreen()
    path = find_inventory(inventory, None if json else screen)
    plan = load_plan(path)
    nodes = tuple(plan_node for plan_node in plan.nodes if not node or plan_node.name in node)
    for name in node:
        if name not in {plan_node.name for plan_node in plan.nodes}:
            raise UnknownName("node", name, [plan_node.name for plan_node in plan.nodes])
    if cluster and plan.control_plane not in {plan_node.name for plan_node in nodes}:
        raise VerificationFailed(f"--cluster asks the control plane: add --node={plan.control_plane}")
    if report:
        # Whoever cannot have it learns so before the hosts are asked.
        write_folder(Path(report), {})
    configuration = configuration_of(plan, hosts, ssh_config)
    result = verified(screen, Request(plan=plan, cluster=cluster, image=image), nodes, configuration)
    if report:
        texts = {"index.html": verification_page(result, plan.name, now()), "junit.xml": junit_xml(result, plan.name)}
        write_folder(Path(report), texts)
    if json:
        screen.say(report_json(result, plan.name))
    else:
        show_verification(screen, result)
    if result.bad:
        raise Exit(code=1 if result.count(Outcome.DIFFERS) else NotAllAsked.exit_code)


def verified(screen: Screen, request: Request, nodes: Sequence[NodePlan], configuration: str) -> Report:
    """Ask these nodes; ``configuration`` is ssh's."""
    with tempfile.TemporaryDirectory(prefix="meshstrap-") as folder:
        way = Way(program=ssh_program(), configuration=Path(folder) / "ssh_config")
        write_atomically(way.configuration, configuration)
        verification = Verification(request, nodes, way)
        for _ in screen.track(verification.hosts(), "asking hosts", len(nodes)):
            pass
    return verification.report


def configuration_of(plan: Plan, hosts: str, ssh_config: str) -> str:
    """An SSH configuration for all nodes. What the command line says counts first, then the person's own file."""
    users = {node.name: node.login_user for node in plan.nodes}
    own = Path(ssh_config).absolute() if ssh_config else Path("~/.ssh/config")
    # What ssh cannot read it leaves out without a word.
    if ssh_config and not (os.access(own, os.R_OK) and own.is_file()):
        raise NoWay(
            f"{ssh_config}: there is no such file, or you may not read it; --ssh-config is an SSH configuration "
            "(ssh_config(5))"
        )
    said = parse_hosts(hosts, users)
    known = {node.name: node.address for node in plan.nodes if node.address}
    known |= tailnet_addresses(users.keys() - said.keys(), plan.tags)
    return ssh_configuration(users, said, str(own), known)
