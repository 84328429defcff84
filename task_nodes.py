"""Tasks that talk to nodes, or bring up their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from invoke.context import Context

from meshstrap.errors import WatchRefused
from meshstrap.files import write_atomically
from meshstrap.pipeline import load_plan
from meshstrap.views.screen import Screen
from meshstrap.watch import Connection, Watch, parse_hosts, read_node, ssh_configuration, ssh_program
from task_support import find_inventory, now, people_task


@people_task(
    once="print it once instead of following",
    json="as JSON, for programs: a list with --once, else an object a line for each change",
    hosts="where nodes are, like w1=203.0.113.7,cp1=ubuntu@198.51.100.4; without it by name",
    ssh_config="an SSH configuration with the nodes as hosts; without it your own",
    pause="seconds between two looks at a node",
)
def watch(
    context: Context,
    inventory: str = "",
    once: bool = False,
    json: bool = False,
    hosts: str = "",
    ssh_config: str = "",
    pause: int = 5,
) -> None:
    """Follow the nodes while they boot, until every one has converged."""
    screen = Screen()
    plan = load_plan(find_inventory(inventory, None if json else screen))
    users = {node.name: node.login_user for node in plan.nodes}
    own = Path(ssh_config).resolve() if ssh_config else Path("~/.ssh/config")
    if ssh_config and not own.is_file():
        raise WatchRefused(f"{ssh_config}: there is no such file; --ssh-config is an SSH configuration (ssh_config(5))")
    configuration = ssh_configuration(users, parse_hosts(hosts, users), str(own))
    with tempfile.TemporaryDirectory(prefix="meshstrap-") as folder:
        path = Path(folder) / "ssh_config"
        write_atomically(path, configuration)
        connection = Connection(program=ssh_program(), configuration=path)
        watching = Watch(screen, list(users), lambda node: read_node(connection, node, now), now)
        if once:
            watching.once(as_json=json)
        else:
            watching.follow(as_json=json, pause=max(1, pause))


@people_task()
def lab(context: Context) -> None:
    """Bring up a whole cluster on this Linux box (root), and keep it until Enter: no cloud account needed."""
    # A process of its own: what it needs is the tests', and nothing of meshstrap may import those.
    done = subprocess.run([sys.executable, "-m", "tests.cluster"], cwd=Path(__file__).parent, check=False)
    sys.exit(done.returncode)
