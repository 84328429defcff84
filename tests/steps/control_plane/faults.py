"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from typing import Any

import yaml

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, mode, out, says, warning
from tests.unit.hosts.green import NO_API

LOG = "/var/log/kubernetes/audit.log"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    asked = "api_ready api_version api_anonymous etcd etcd_room ca_hash cluster_configuration tokens components"
    commands: dict[str, Any] = dict.fromkeys([*asked.split(), "transformations"], NO_API)
    private = {"mode": "0600", "owner": "root", "kind": "file", "bytes": 1000}
    if node.is_control_plane:
        commands = _of_the_api(plan)
    commands["listeners"] = (
        "LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\nLISTEN 0 4096 *:6443 *:*\n"
        "LISTEN 0 4096 127.0.0.1:2379 0.0.0.0:*\n"
        "LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:*\nLISTEN 0 4096 100.64.0.1:2379 0.0.0.0:*\n"
        "LISTEN 0 4096 [::1]:10257 [::]:*\n"
    )
    files = ("/etc/kubernetes/pki/ca.key", LOG, f"{LOG[:-4]}-2026-11-28T10-00-00.000.log.gz")
    return {"modes": dict.fromkeys(files if node.is_control_plane else (), private), "commands": commands}


def _of_the_api(plan: Plan) -> dict[str, Any]:
    configuration = {
        "networking": {"podSubnet": "10.244.0.0/16", "serviceSubnet": "10.96.0.0/16"},
        "controlPlaneEndpoint": "k8s-api.internal:6443",
        "proxy": {"disabled": True},
    }
    arguments = [f"{name} --v=2 {' '.join(one.words)} --port=1" for name, one in plan.components.items()]
    counted = "apiserver_storage_transformation_operations_total"
    return {
        "transformations": f'{counted}{{resource="secrets",transformer_prefix="k8s:enc:secretbox:v1:"}} 2\n',
        "components": "\n".join(arguments) + "\n",
        "api_ready": "[+]ping ok\n[+]etcd ok\nreadyz check passed\n",
        "api_version": json.dumps({"major": "1", "gitVersion": f"v{plan.versions.kubernetes}"}),
        "api_anonymous": "403",
        "etcd": '{"health":"true","reason":""}',
        "etcd_room": "etcd_mvcc_db_total_size_in_bytes 5.3e+07\netcd_server_quota_backend_bytes 2.147483648e+09\n",
        "ca_hash": plan.ca_cert_hash.removeprefix("sha256:") + "\n",
        "cluster_configuration": json.dumps({"data": {"ClusterConfiguration": yaml.safe_dump(configuration)}}),
        "tokens": "bootstrap-token-abcdef 2026-11-30T00:00:00Z\n",
    }


FAULTS = (
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", 1),
        "[-]etcd failed",
    ),
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "The connection to the server was refused\n", 1),
        "was refused",
    ),
    fault(
        "control_plane", "the api server has the planned version", out("api_version", "v1.36.3", "v1.35.1"), "v1.35.1"
    ),
    fault(
        "control_plane", "etcd is healthy", says("etcd", '{"health":"false","reason":"ALARM NOSPACE"}'), "ALARM NOSPACE"
    ),
    warning("etcd has room", out("etcd_room", "5.3e+07", "1.7e+09"), "1621 of 2048 MiB", topic="control_plane"),
    fault("control_plane", "etcd has room", out("etcd_room", "5.3e+07", "2.147491840e+09"), "2048 of 2048 MiB"),
    fault(
        "control_plane",
        "anonymous callers see nothing",
        says("api_anonymous", "200"),
        "HTTP 200 for the Secrets of kube-system",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "127.0.0.1:2379", "0.0.0.0:2379"),
        "2379 (etcd's clients) on 0.0.0.0",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "*:6443", "*:10255"),
        "10255 (the kubelet without authentication) on *",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "disabled: true", "disabled: false"),
        "proxy.disabled is False, not True",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "10.244.0.0/16", "10.250.0.0/16"),
        "podSubnet is 10.250.0.0/16",
    ),
    fault(
        "control_plane",
        "the control plane is told what is planned",
        out("components", "kube-scheduler --v=2 --profiling=false", "/usr/bin/kube-scheduler --v=2"),
        "kube-scheduler without --profiling",
    ),
    fault(
        "control_plane",
        "the control plane is told what is planned",
        out("components", "VersionTLS12", "VersionTLS10"),
        "kube-apiserver --tls-min-version=VersionTLS10",
    ),
    fault(
        "control_plane",
        "secrets are encrypted in etcd",
        out("transformations", "k8s:enc:secretbox:v1:", ""),
        "were written as they are",
    ),
    fault("control_plane", "secrets are encrypted in etcd", says("transformations", ""), "were written as they are"),
    fault("control_plane", "who did what is written down", mode(LOG, mode="0644"), f"{LOG} is root's, 0644"),
    fault("control_plane", "who did what is written down", mode(LOG, bytes=2 << 30), "2 files, 2048 MiB"),
    fault("control_plane", "the ca is the pinned one", says("ca_hash", "cd" * 32), f"sha256:{'cd' * 32}"),
    fault(
        "control_plane",
        "every bootstrap token expires",
        says("tokens", "bootstrap-token-abcdef \n"),
        "bootstrap-token-abcdef",
    ),
)
