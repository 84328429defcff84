"""The second run beside the first, on a machine of the node lab: `nox -s bench -- lab`, as root."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.lab.conftest import CACHE
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.node import SCRIPT, lab_inventory, render
from tests.lab.tree import base_tree
from tests.lab.twice import CONTENT, RESTLESS, Run, up_to_the_tailnet, watch
from tests.lab.vendors import Sources, serve_sources

NOTE = """
seconds: bootstrap.sh by hand, all steps before the tailnet, on a Debian 13 machine that had only booted; wall time.
changed: steps. written: files in /etc, /opt, /usr/local and /var/lib/meshstrap but status.json. restarted: units."""


def main() -> None:
    """Measure and print; nothing is asserted."""
    screen = Screen()
    if os.geteuid() != 0:
        screen.say("The node lab needs root.")
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = serve_sources(folder / "web", CACHE, [base_tree("trixie", CACHE)])
        runs = measure(folder / "lab", sources)
    table = new_table("run", "#seconds", "#changed", "#written", "#restarted")
    for title, run in runs.items():
        changed = sum(level == "changed" for level in run.levels.values())
        written = [path for path in run.written if path.startswith(CONTENT) and not path.endswith("#content")]
        table.add_row(title, f"{run.seconds:.1f}", str(changed), str(len(written)), str(len(run.restarted)))
    screen.show(table)
    screen.say(NOTE)


def measure(folder: Path, sources: Sources) -> dict[str, Run]:
    """The first run, the second, and the first one after a reboot."""
    with Lab(folder, CACHE) as lab:
        lab.serve(sources.folder)
        machine = lab.machine("w1")
        lab.use_distribution(machine, sources)
        machine.write(SCRIPT, up_to_the_tailnet(render(lab_inventory(sources)).script))
        _boot(machine)
        runs = {"first": watch(machine)}
        machine.run("systemctl", "stop", RESTLESS)
        runs["second"] = watch(machine)
        machine.power_off()
        _boot(machine)
        machine.run("systemctl", "stop", RESTLESS)
        runs["after a reboot"] = watch(machine)
        for title, run in runs.items():
            if run.result.code:
                raise SystemExit(f"{title} run: exit {run.result.code}\n{run.result.err}")
    return runs


def _boot(machine: Machine) -> None:
    machine.boot()
    machine.run("systemctl", "is-system-running", "--wait")
