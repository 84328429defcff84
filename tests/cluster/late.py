"""A node that comes later, and what a person does about it: exactly what the tasks and the node's status say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from meshstrap.inventory import load_inventory
from tests.lab.machine import Machine
from tests.lab.process import wait_until

from .cluster import Cluster, invoke
from .healing import has_converged
from .inventory import LATER, NODES, cluster_inventory

SECRETS = "/etc/meshstrap/secrets"
# Not restarted by anything that happens to another node.
DAEMONS = ("containerd", "kubelet", "tailscaled")


def place(machine: Machine, path: str, text: str) -> None:
    """Put a secret into a file, by the words that the status has for it."""
    machine.run("sh", "-c", 'umask 077; cat >"$1"', "sh", path, text=f"{text.strip()}\n").check()


def render(cluster: Cluster, name: str, key: str) -> None:
    """A person adds a node to the inventory, or comes back to one, with an auth key; w3 is the fourth."""
    sources, values = cluster.supplies.sources, cluster.supplies.values
    routing = cluster.plan.routing
    later = cluster_inventory(sources, values, cluster.headscale.trusted_ca, nodes=NODES | LATER, routing=routing)
    cluster.inventory.write_text(later)
    assert name in {node.name for node in load_inventory(cluster.inventory).nodes}
    keys = cluster.folder / "keys.yaml"
    keys.touch(mode=0o600)
    keys.write_text(f"{name}: {key}\n")
    known = ("--inventory", str(cluster.inventory), "--output", str(cluster.folder / "generated"))
    invoke("secrets", *known, "--renew", name, "--auth-keys", str(keys)).check()
    keys.unlink()
    invoke("render", *known).check()


def tokens(cluster: Cluster, name: str) -> str:
    """A worker's line of ``generated/cp1/bootstrap_tokens``."""
    lines = (cluster.folder / "generated/cp1/bootstrap_tokens").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name} "))


def give_tokens(cluster: Cluster, text: str) -> None:
    """Let a control plane that runs already know them, as `invoke secrets --renew` says."""
    machine = cluster.machines["cp1"]
    place(machine, f"{SECRETS}/bootstrap_tokens", text)
    machine.run("systemctl", "restart", "meshstrap").check()

    def is_taken() -> bool:
        return machine.run("test", "-e", f"{SECRETS}/bootstrap_tokens").code == 1

    wait_until(is_taken, "the control plane to take the tokens", seconds=300)


def expired(line: str) -> str:
    """A token whose time is over."""
    return re.sub(r"\S+$", "2026-01-01T00:00:00Z", line)


def remove(cluster: Cluster, name: str) -> None:
    """A person takes a node away for good: out of the cluster, out of the tailnet, and then the machine."""
    drain = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
    cluster.kubectl("drain", name, *drain, timeout=150).check()
    cluster.kubectl("delete", "node", name).check()
    cluster.headscale.delete(name)
    cluster.lab.discard(cluster.machines.pop(name))


@contextmanager
def removed_at_last(cluster: Cluster, name: str) -> Iterator[None]:
    """Whatever happens, the others go on without this node."""
    try:
        yield
    finally:
        if name in cluster.machines:
            cluster.kubectl("delete", "node", name, "--ignore-not-found")
            cluster.headscale.delete(name)
            cluster.lab.discard(cluster.machines.pop(name))


def wait_joined(cluster: Cluster, name: str) -> None:
    """Wait until a machine says that it is as planned."""
    wait_until(lambda: has_converged(cluster.machines[name]), f"{name} converged", seconds=600, every=1)


def untouched(cluster: Cluster, *names: str) -> dict[str, object]:
    """What must not change on these nodes: the processes of their daemons, and how often containers were started."""
    found: dict[str, object] = {
        f"{name} {daemon}": cluster.machines[name].run("systemctl", "show", "--property=MainPID", daemon).check().out
        for name in names
        for daemon in DAEMONS
    }
    for pod in cluster.objects("pods", "--all-namespaces"):
        if pod["spec"].get("nodeName") in names:
            restarts = sum(one["restartCount"] for one in pod["status"].get("containerStatuses", []))
            found[pod["metadata"]["uid"]] = (pod["metadata"]["name"], restarts)
    return found
