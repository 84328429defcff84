"""The whole cluster's answers: asked on the control plane, and of short-lived pods that are started from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from meshstrap.fleet import cluster_asker
from meshstrap.fleet.answers import Answers
from meshstrap.fleet.pods import pod_manifest, program, service_manifest
from meshstrap.fleet.question import Question
from meshstrap.fleet.reach import Ran, Unreachable, program_command, spoken
from meshstrap.plan.hosts import names
from meshstrap.plan.hosts.cluster import inside_name, outside_name
from meshstrap.plan.model import NodePlan, Plan

CLUSTER = "cluster"
WHOLE_SECONDS = cluster_asker.WHOLE_SECONDS + 100
"""Until it has said all; it takes its time to clean up, too."""

STEP = "cluster_policies"
"""The step of a control plane after which the cluster is worth asking."""


def questions_of_the_whole(plan: Plan) -> tuple[Question, ...]:
    """What every host is asked beside everything else; the answer to the last comes by :func:`ask_cluster`."""
    pings = (
        f"for n in {' '.join(node.name for node in plan.nodes)}; do [[ $n == $(uname -n) ]] || "
        "{ echo $n $(timeout 20 tailscale ping --c 3 --timeout 5s --until-direct=false $n 2>&1 | tail -n 1); } & "
        "done; wait"
    )
    return Question("paths", pings, seconds=60), Question(CLUSTER, "")


def ask_cluster(run: Callable[[str], Ran], plan: Plan, node: NodePlan, image: str, answers: Answers) -> None:
    """Ask the whole cluster, and put what it says among the control plane's ``answers``."""
    command = program_command(cluster_asker, asked_of(plan, node, image))
    try:
        told = {"code": 0, "out": json.dumps(spoken(run, command)), "err": ""}
    except Unreachable as error:
        told = {"code": -1, "out": "", "err": str(error)}
    answers.add(CLUSTER, told)


def asked_of(plan: Plan, node: NodePlan, image: str) -> dict[str, Any]:
    """What the program on the control plane gets."""
    return {
        "pods": {one.name: pod_manifest(one.name, image) for one in plan.nodes},
        "service": service_manifest(),
        "program": program(),
        "questions": {
            "mtu": plan.network.pod_mtu,
            "bytes": names.TRANSFER_BYTES,
            "seconds": names.TRANSFER_SECONDS,
            # The last is the one that is asked for outside.
            "names": [inside_name(), outside_name(node)],
            "metadata": names.METADATA_ADDRESS,
        },
    }
