"""The whole cluster as `invoke verify --cluster` asks it: over SSH, as the images' login user."""

from __future__ import annotations

import json

from meshstrap.fleet.cluster_asker import LABEL
from meshstrap.fleet.verdict import Verdict, parse_verdict
from tests.lab.verifying import Ssh, invoke_verify

from .cluster import Cluster
from .supplies import Supplies


def whole(ssh: Ssh, cluster: Cluster, supplies: Supplies) -> tuple[int, list[Verdict]]:
    """What a person gets, as a program reads it: exit code and verdicts."""
    ran = invoke_verify(ssh, cluster.inventory, "--cluster", f"--image={supplies.probe_image}", "--json")
    told = json.loads(ran.out)["verdicts"]
    return ran.code, [parse_verdict(json.dumps(one)) for one in told]


def namespaces(cluster: Cluster) -> list[str]:
    """What verifications have left behind, or are using."""
    return [one["metadata"]["name"] for one in cluster.objects("namespaces", "--selector", LABEL)]
