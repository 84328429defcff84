"""A pod on every node that answers with its name, and the questions asked through it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.lab.process import Result, wait_until

from .cluster import Cluster

PORT = 8080
NODE_PORT = 30080
SERVICE = "probe"

# IPv4 and ICMP headers: what a ping's payload leaves of a packet. Bytes.
PING_HEADERS = 28
# 1280 of the tailnet, less VXLAN's 50. Bytes.
POD_MTU = 1230

_SERVER = """\
import os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = bytes(8 << 20) if self.path == "/8MiB" else (
            f"{os.environ['POD']} {os.environ['NODE']} {self.client_address[0]}\\n".encode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def manifest(image: str, seconds: int = 1) -> str:
    """The pods, one a node and on the control plane too, and their service. ``seconds``: what an answer may take."""
    asked = {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1, "timeoutSeconds": seconds}
    pod = {
        "metadata": {"labels": {"app": SERVICE}},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "probe",
                    "image": image,
                    "command": ["python3", "-c", _SERVER],
                    "env": [
                        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
                        for name, path in (("POD", "metadata.name"), ("NODE", "spec.nodeName"))
                    ],
                    "readinessProbe": asked,
                }
            ],
        },
    }
    daemons = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": SERVICE},
        "spec": {"selector": {"matchLabels": {"app": SERVICE}}, "template": pod},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE},
        "spec": {
            "type": "NodePort",
            "selector": {"app": SERVICE},
            "ports": [{"port": 80, "targetPort": PORT, "nodePort": NODE_PORT}],
        },
    }
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [daemons, service]})


@dataclass(frozen=True)
class Pod:
    """One of them."""

    name: str
    node: str
    address: str


class Probes:
    """The pods of a cluster. ``patience``: how many times as long its slowest node may take for anything."""

    def __init__(self, cluster: Cluster, image: str, patience: int = 1) -> None:
        self.cluster = cluster
        self.patience = patience
        cluster.apply(manifest(image, patience))
        self.wait_ready()

    def wait_ready(self, seconds: float = 240) -> None:
        """Wait until every node of the cluster has its pod, ready."""
        ready, nodes = self.pods, self.cluster.instances
        wait_until(lambda: set(ready()) == set(nodes), "a probe on every node", seconds=seconds * self.patience)

    def wait_born_since_boot(self, node: str, seconds: float = 240) -> None:
        """Wait until a node's pod runs that was started since the machine has power, and all others too.

        For a while after a power cut the API tells of the pods from before.
        """
        powered = datetime.fromtimestamp(int(self.cluster.instances[node].booted), UTC)

        def born() -> bool:
            started = self.started().get(node)
            return started is not None and started >= powered

        wait_until(born, f"a probe that was started on {node} since its boot", seconds=seconds)
        self.wait_ready()

    def started(self) -> dict[str, datetime]:
        """When the container of each node's pod was started."""
        found = {}
        for item in self.cluster.objects("pods", "--selector", f"app={SERVICE}"):
            for container in item["status"].get("containerStatuses", []):
                if since := container["state"].get("running", {}).get("startedAt"):
                    found[item["spec"]["nodeName"]] = datetime.fromisoformat(since)
        return found

    def pods(self) -> dict[str, Pod]:
        """The ready pods by node."""
        found = {}
        for item in self.cluster.objects("pods", "--selector", f"app={SERVICE}"):
            conditions = item["status"].get("conditions", [])
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
            if ready and "deletionTimestamp" not in item["metadata"]:
                pod = Pod(item["metadata"]["name"], item["spec"]["nodeName"], item["status"]["podIP"])
                found[pod.node] = pod
        return found

    @property
    def cluster_ip(self) -> str:
        """The address of their service."""
        (service,) = self.cluster.objects("service", SERVICE)
        return str(service["spec"]["clusterIP"])

    def fetch(self, pod: Pod, url: str, *options: str) -> Result:
        """Fetch a page out of a pod; four seconds at most."""
        return self.ask(pod, "curl", "-sS", "--max-time", str(4 * self.patience), *options, url)

    def ping(self, here: str, there: str, size: int) -> Result:
        """Packets of exactly this many bytes that nobody may fragment, from the pod of one node to that of another."""
        pods, limit = self.pods(), str(4 * self.patience)
        packet = ("-M", "do", "-s", str(size - PING_HEADERS))
        return self.ask(pods[here], "ping", "-c", "2", "-W", limit, *packet, pods[there].address)

    def ask(self, pod: Pod, *argv: str, seconds: float = 30) -> Result:
        """Run a command in a pod."""
        return self.cluster.in_pod(pod.name, argv, timeout=seconds * self.patience)
