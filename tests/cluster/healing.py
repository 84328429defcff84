"""The cluster is whole again: what every fault ends with, and nobody may have touched anything but what was asked."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.lab.instance import Instance
from tests.lab.node import status
from tests.lab.process import LabError, wait_until

from .cluster import Cluster
from .outage import MINUTE, Watch
from .probe import PORT, SERVICE, Probes

# Of everything together, on two cores that other work shares.
HEAL_SECONDS = 600


def since_boot(machine: Instance, when: str) -> bool:
    """Whether a time that the API or a status names, in whole seconds, is of the machine's present boot."""
    return bool(when) and datetime.fromisoformat(when).timestamp() >= int(machine.booted)


def has_converged(machine: Instance) -> bool:
    """Whether a run of the present boot says so: until it begins, the file tells of the boot before."""
    try:
        state = status(machine)
    except (LabError, json.JSONDecodeError):
        return False
    return state.get("state") == "converged" and since_boot(machine, state["started"])


def ready_nodes(cluster: Cluster) -> set[str]:
    """The nodes that the API calls Ready."""
    return {
        node["metadata"]["name"]
        for node in cluster.objects("nodes")
        if any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
    }


def _is_fresh(cluster: Cluster, pod: dict[str, Any]) -> bool:
    # A pod of a node that was deleted stays in the API until it is collected.
    if pod["spec"]["nodeName"] not in cluster.instances:
        return False
    running = pod["status"].get("containerStatuses", [{}])[0].get("state", {}).get("running", {})
    return since_boot(cluster.instances[pod["spec"]["nodeName"]], running.get("startedAt", ""))


def _pods_are_fresh(probes: Probes) -> bool:
    """Whether each node has its probe, ready, and started by the present boot: the API tells of older ones first."""
    cluster = probes.cluster
    pods = [pod for pod in cluster.objects("pods", "--selector", f"app={SERVICE}") if _is_fresh(cluster, pod)]
    return {pod["spec"]["nodeName"] for pod in pods} == set(cluster.instances) == set(probes.pods())


def _pods_talk(probes: Probes) -> bool:
    """Whether each node's pod reaches every other's, and resolves the API's name."""
    pods = probes.pods()
    urls = [f"http://{pod.address}:{PORT}/" for pod in pods.values()]
    ask = (
        "getent hosts kubernetes.default.svc.cluster.local && "
        f"curl -sSf --max-time {4 * probes.patience} {' '.join(urls)}"
    )
    answers = [probes.ask(pod, "sh", "-c", ask, seconds=60) for pod in pods.values()]
    return all(answer.code == 0 for answer in answers)


def healed(probes: Probes, seconds: float = HEAL_SECONDS) -> None:
    """Wait until every node is converged and Ready, and every pod reaches every other and a name."""
    cluster = probes.cluster
    # To be looked at takes a slow node's own time.
    limits = {"seconds": seconds * probes.patience, "every": float(probes.patience)}
    machines = cluster.instances.values()
    wait_until(lambda: all(has_converged(one) for one in machines), "every node converged", **limits)
    questions = {
        "every node Ready": lambda: ready_nodes(cluster) == set(cluster.instances),
        "a fresh probe on every node": lambda: _pods_are_fresh(probes),
        "every pod reaches every other, and a name": lambda: _pods_talk(probes),
    }
    for what, question in questions.items():
        wait_until(question, what, **limits)


def heals_within_a_minute(probes: Probes, watch: Watch) -> None:
    """The promise: nobody does anything, and no outage outlasts the fault by more than a minute."""
    watch.fault_is_over()
    healed(probes)
    watch.settle()
    assert watch.outlasted() <= MINUTE, watch.figures()
