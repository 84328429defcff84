"""The whole cluster as `invoke verify --cluster` asks it: over SSH, as the images' login user."""

from __future__ import annotations

import json

from meshstrap.verify.cluster_asker import LABEL
from meshstrap.verify.verdict import Outcome, Verdict
from tests.lab.verifying import Ssh, invoke_verify

from .cluster import Cluster
from .supplies import Supplies


def whole(ssh: Ssh, cluster: Cluster, supplies: Supplies) -> tuple[int, list[Verdict]]:
    """What a person gets, as a program reads it: exit code and verdicts."""
    ran = invoke_verify(ssh, cluster.inventory, "--cluster", f"--image={supplies.probe_image}", "--json")
    told = json.loads(ran.out)["verdicts"]
    return ran.code, [Verdict(**{**one, "outcome": Outcome(one["outcome"])}) for one in told]


def namespaces(cluster: Cluster) -> list[str]:
    """What verifications have left behind, or are using."""
    return [one["metadata"]["name"] for one in cluster.objects("namespaces", "--selector", LABEL)]
