"""The story whole: a coordination server, three accounts, workers first, the control plane later, and nobody's hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from meshstrap.views.policy import policy_text
from tests.lab.lab import Lab
from tests.lab.programs import program_folder

from .cluster import Cluster
from .coordination import Headscale
from .inventory import NODES, cluster_inventory
from .supplies import Supplies

# How long the workers run before the control plane's machine is created. Seconds.
LATER = 60


def start_headscale(lab: Lab) -> Headscale:
    """The tailnet's coordination server, on the lab's internet."""
    made = Headscale(lab.segment, lab.folder / "headscale", program_folder("headscale", lab.cache))
    lab.undo.append(made.down)
    made.start()
    return made


def launch_story(
    lab: Lab,
    headscale: Headscale,
    supplies: Supplies,
    *,
    routing: str = "vxlan",
    say: Callable[[str], object] = lambda _: None,
) -> Cluster:
    """Render, paste, wait; returns when every node says that it converged. ``say`` is told what happens."""
    inventory = cluster_inventory(supplies.sources, supplies.values, headscale.trusted_ca, routing=routing)
    cluster = Cluster(lab, headscale, supplies, inventory, lab.folder / "user")
    headscale.take_policy(policy_text(cluster.plan))
    say(cluster.render(NODES))
    for name in NODES:
        if name != "cp1":
            cluster.launch(name)
            say(f"{name} has power; its user-data was pasted")
    say(f"the control plane follows in {LATER} s; the workers wait for it")
    time.sleep(LATER)
    cluster.launch("cp1")
    say("cp1 has power; nobody touches anything any more")
    cluster.wait_converged(say=say)
    return cluster
