"""The whole cluster's answers: asked on the control plane, and of short-lived pods that are started from there."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from meshstrap.plan import names
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.verify import cluster_asker
from meshstrap.verify.answers import Answers
from meshstrap.verify.pods import pod_manifest, program, service_manifest
from meshstrap.verify.reach import Run, Unreachable, program_command, spoken

CLUSTER = "cluster"
WHOLE_SECONDS = cluster_asker.WHOLE_SECONDS + 100
"""Until it has said all; it takes its time to clean up, too."""

STEP = "cluster_policies"
"""The step of a control plane after which the cluster is worth asking."""


def inside_name() -> str:
    """A name that only the cluster's own DNS knows: the API server's Service."""
    return f"kubernetes.default.svc.{names.CLUSTER_DOMAIN}"


def outside_name(node: NodePlan) -> str:
    """A name that the machine itself had to resolve to become a node: where its packages come from."""
    return next(filter(None, (urlsplit(one.url).hostname for one in node.repositories)), "")


def ask_cluster(run: Run, plan: Plan, node: NodePlan, image: str, answers: Answers) -> None:
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
