"""From the first machine's power to all Ready: out of pasted user-data, and by the guide's own commands."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.coordination import Headscale
from tests.cluster.inventory import NODES, cluster_inventory
from tests.cluster.supplies import Supplies
from tests.lab.conftest import CACHE
from tests.lab.lab import Lab
from tests.lab.node import status
from tests.lab.process import LabError
from tests.lab.programs import program_folder

from .downloads import count_downloads
from .guide import GuideCluster

# Beside other work on two cores a whole cluster has been seen to take ten minutes.
PATIENCE_SECONDS = 1800


@dataclass
class BringUp:
    """A living cluster. ``ready``: seconds to all nodes Ready; ``names``: until names were resolved as well."""

    cluster: Cluster
    ready: float = 0
    names: float = 0


@contextmanager
def bring_up(kind: type[Cluster], supplies: Supplies, folder: Path, megabits: int) -> Iterator[BringUp]:
    """All machines get power at once, and nobody touches anything until all nodes are Ready.

    Each account downloads at ``megabits`` a second at most, or as fast as the machine is for 0, until that is over.
    """
    folder.mkdir(parents=True)
    with Lab(folder / "lab", CACHE) as lab:
        supplies.serve(lab)
        headscale = Headscale(lab.segment, lab.folder / "headscale", program_folder("headscale", CACHE))
        lab.undo.append(headscale.down)
        headscale.start()
        inventory = cluster_inventory(supplies.sources, supplies.values, headscale.trusted_ca)
        cluster = kind(lab, headscale, supplies, inventory, lab.folder / "user")
        if kind is not GuideCluster:
            cluster.render(NODES)
        found = BringUp(cluster)
        try:
            _start(found, megabits)
        except LabError:
            lab.keep_evidence(Path("lab-evidence/bench"))
            raise
        yield found


def _start(found: BringUp, megabits: int) -> None:
    cluster = found.cluster
    for name in NODES:
        account = cluster.create(name).account
        count_downloads(account)
        account.limit(megabits)
    user_data = {name: cluster.user_data(name) for name in NODES}
    begin = time.monotonic()
    for name, machine in cluster.machines.items():
        cluster.timeline.power_on(name)
        cluster.lab.serve_metadata(machine, user_data[name])
        machine.write("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ Oracle ]\n")
        machine.boot(wait=False)
    while not (found.ready and found.names):
        seconds = time.monotonic() - begin
        if seconds > PATIENCE_SECONDS:
            raise LabError(f"not Ready in {seconds:.0f} s")
        if isinstance(cluster, GuideCluster):
            _end_at_an_error(cluster)
        else:
            for name, machine in cluster.machines.items():
                cluster.timeline.look(name, status(machine))
        found.ready = found.ready or (all_ready(cluster) and seconds)
        found.names = found.names or (names_resolved(cluster) and seconds)
        time.sleep(1)
    for machine in cluster.machines.values():
        machine.account.limit(0)


def _end_at_an_error(cluster: Cluster) -> None:
    for name, machine in cluster.machines.items():
        if machine.run("systemctl", "is-failed", "cloud-final").code == 0:
            said = machine.run("tail", "-n", "30", "/var/log/cloud-init-output.log").out
            raise LabError(f"{name}: the guide's commands failed\n{said}")


def all_ready(cluster: Cluster) -> bool:
    """Whether every node of the plan is there and Ready."""
    asked = cluster.kubectl("get", "nodes", "--output", "json", "--request-timeout=10s")
    if asked.code:
        return False
    conditions = [condition for node in json.loads(asked.out)["items"] for condition in node["status"]["conditions"]]
    return [one["status"] for one in conditions if one["type"] == "Ready"] == ["True"] * len(NODES)


def names_resolved(cluster: Cluster) -> bool:
    """Whether a pod of CoreDNS is available: from then on the service answers."""
    ask = ("get", "deployment", "coredns", "--namespace", "kube-system", "--output", "json", "--request-timeout=10s")
    asked = cluster.kubectl(*ask)
    return asked.code == 0 and json.loads(asked.out)["status"].get("availableReplicas", 0) > 0
