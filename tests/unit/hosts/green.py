"""What two hosts answer on which everything is as planned: a control plane on Ubuntu, a worker on Oracle Linux.

The forms are those of the real programs: systemd 255, iproute2 6.1, iptables 1.8.10, containerd 2.3, Tailscale 1.102,
Kubernetes 1.36 and Cilium 1.20, as a machine of the node lab and a cluster have printed them (November 2026).
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from meshstrap.inventory import parse_inventory
from meshstrap.plan import NodePlan, Plan, derive_plan
from meshstrap.verify.answers import Answers
from meshstrap.verify.arrival import Arrival, arrive
from meshstrap.verify.question import Asked
from meshstrap.verify.questions import questions
from tests.unit.hosts import green_cluster, table_lifetimes
from tests.unit.hosts.faults import Raw
from tests.unit.hosts.of_steps import answers

CA = """\
-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUExampleExampleExampleExampleExampleExampleExampleExampl1
MADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEu2
-----END CERTIFICATE-----
"""
HASH = "ab" * 32
INVENTORY = f"""
cluster: {{name: home, ca_cert_hash: 'sha256:{HASH}'}}
tailnet: {{login_server: 'https://headscale.example.net', version: 1.102.5}}
cilium: {{values: {{l7Proxy: true}}}}
accounts: [{{name: a}}, {{name: b}}]
nodes:
  - name: cp1
    account: a
    role: control-plane
    labels: {{disk: fast}}
    taints: []
    block_volume: {{device: /dev/oracleoci/oraclevdb, size_gib: 100, format: true}}
  - {{name: w1, account: b, role: worker, os: oracle-9, kubelet: {{maxPods: 60}}}}
sources:
  registries: {{registry.k8s.io: 'https://mirror.example.net/k8s'}}
  trusted_ca: |
{"".join(f"    {line}{chr(10)}" for line in CA.splitlines())}"""

ADDRESSES = green_cluster.ADDRESSES
NOW = 1795466400  # 2026-11-23 20:40:00 UTC
BOOT = NOW - 86400
STARTED = "Mon 2026-11-23 19:40:00 UTC"
CHANGED = float(NOW - 7200)
GIB = 2**30


@cache
def plan() -> Plan:
    """The plan of both."""
    return derive_plan(parse_inventory(INVENTORY, "green.yaml"))


def arrival(name: str, raw: Raw) -> Arrival:
    """A host of that name which has given these answers."""
    return arrive(plan(), name, lambda: Answers(raw, _questions().commands), whole=True)


@cache
def _questions() -> Asked:
    return questions(plan(), whole=True)


def green(name: str) -> Raw:
    """All answers of a node; a copy, to be spoilt."""
    node = plan().node(name)
    found: Raw = {kind: {} for kind in ("texts", "modes", "places", "commands")}
    for told in (_of_no_step(node), *answers(plan(), node)):
        for kind, some in told.items():
            found[kind] |= some
    found["texts"] = {path: {"text": text, "changed": CHANGED} for path, text in found["texts"].items()}
    found["commands"] = {one: _said(told) if isinstance(told, str) else told for one, told in found["commands"].items()}
    return copy.deepcopy(found)


def _said(out: str, code: int = 0, err: str = "") -> dict[str, Any]:
    return {"code": code, "out": out, "err": err}


ABSENT = _said("", 127, "command not found")
NO_API = _said("", 1, "error: stat /etc/kubernetes/admin.conf: no such file or directory")
PRIVATE = {"mode": "0600", "owner": "root", "kind": "file", "bytes": 1000}
ROOT_DISK = {"device": "8:1", "bytes": 48 * GIB, "free": 30 * GIB, "inodes": 1000, "free_inodes": 900}


def _status(node: NodePlan) -> str:
    steps = [{"seconds": 0, "name": name, "state": "ok", "started": "2026-11-23T19:40:00Z"} for name in node.steps]
    told = {"schema": 1, "tries": 1, "node": node.name, "role": node.role, "plan_hash": "ab" * 8, "state": "converged"}
    times = {"started": "2026-11-23T19:40:00Z", "updated": "2026-11-23T19:41:00Z", "facts": {}, "steps": steps}
    return json.dumps(told | {"step": "-", "message": "this node is as planned", "next": ""} | times)


def _of_no_step(node: NodePlan) -> Raw:
    """What several steps ask, or none."""
    address = {"family": "inet", "local": ADDRESSES[node.name], "prefixlen": 32}
    card = {"family": "inet", "local": "10.0.0.11", "prefixlen": 24}
    addresses = [
        {"ifname": "enp0s6", "mtu": 9000, "addr_info": [card]},
        {"ifname": "tailscale0", "mtu": 1280, "addr_info": [address]},
    ]
    return {
        "texts": {"/proc/stat": f"cpu  1 2 3\nbtime {BOOT}\n", "/var/lib/meshstrap/status.json": _status(node)},
        "modes": {
            "/var/lib/cloud/instances/i/user-data.txt": PRIVATE,
            "/etc/kubernetes/kubelet.conf": PRIVATE,
            "/etc/meshstrap/secrets": {"mode": "0700", "owner": "root", "kind": "folder", "bytes": 0},
        },
        "places": {"/": ROOT_DISK},
        "commands": {
            "hostname": f"{node.name}\n",
            "now": f"{NOW}\n",
            "units": _units(node),
            "addresses": json.dumps(addresses),
            "drift": "".join(f"2026-11-23T20:40:01Z ok      {name}: converged\n" for name in node.steps),
            "steps": "\n".join(node.steps) + "\n",
            "timer": "active\n",
            "secrets_in_logs": "",
            "secrets_in_processes": "",
            "secrets_in_files": "",
            "cluster": NO_API,
            "certificates": NO_API,
            "hubble_certificates": NO_API,
            **green_cluster.answers(node),
            **table_lifetimes.answers(node),
        },
    }


def _unit(name: str, **settings: str) -> str:
    told = {
        "MainPID": "1000",
        "Id": f"{name}.service",
        "LoadState": "loaded",
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "ActiveEnterTimestamp": STARTED,
        "NeedDaemonReload": "no",
    }
    return "".join(f"{key}={value}\n" for key, value in (told | settings).items())


def _units(node: NodePlan) -> str:
    mounts = "/var/lib/containerd /var/lib/kubelet /var/log/pods /var/lib/meshstrap-data"
    tailnet = {
        "After": "basic.target tailscale-online.target",
        "Wants": "tailscale-online.target network-online.target",
    }
    units = [
        _unit("containerd", RequiresMountsFor=mounts),
        _unit("kubelet", RequiresMountsFor=mounts, **tailnet),
        _unit("meshstrap"),
        _unit("meshstrap-mesh-rule"),
        _unit("tailscaled", IPAddressDeny="10.244.0.0/16"),
        _unit("firewalld", LoadState="not-found" if node.family == "apt" else "loaded"),
    ]
    return "\n".join(units)
