"""The lab's inventory: what any user writes, and, each with its reason, what this machine forces upon it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.lab.vendors import TAILSCALE

from .coordination import TAG, URL

# In the order in which a failure of the first would say most.
NODES = {"cp1": "alice", "w1": "bob", "w2": "carol"}
LATER = {"w3": "dave"}
# The folder of the lab's web server with the code of the steps.
CODE = "code"

# Each by an override that every user has, and described in the README.
_FORCED = """\
  # One kernel carries all machines of the lab: it has no pure cgroup v2, and its clock is not the lab's to judge.
  waive_machine: [cgroup, clock]
  waive_preflight: [SystemVerification]
  kubelet:
    failCgroupV1: false
    # All machines share one disk with whatever else is on it: shares of it say nothing about a node.
    evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
    imageGCHighThresholdPercent: 99
    imageGCLowThresholdPercent: 98
"""


def cluster_inventory(
    sources: str,
    values: str,
    trusted_ca: str,
    *,
    nodes: Mapping[str, str] = MappingProxyType(NODES),
    extra: str = "",
    routing: str = "vxlan",
) -> str:
    """The inventory of the lab's cluster.

    ``sources`` and ``values`` are the YAML of where everything comes from, ``trusted_ca`` is PEM; ``nodes``: name →
    account; ``extra``: further lines of ``cluster:``; ``routing``: how pods travel.
    """
    accounts = "".join(f"  - {{name: {account}, subnet: 10.0.0.0/24}}\n" for account in nodes.values())
    machines = "".join(
        f"  - {{name: {name}, account: {account}, role: {'control-plane' if name == 'cp1' else 'worker'}, "
        "shape: generic, arch: amd64, os: debian-13}\n"
        for name, account in nodes.items()
    )
    certificate = "".join(f"    {line}\n" for line in trusted_ca.splitlines())
    return (
        f"cluster:\n  name: lab\n{extra}{_FORCED}"
        f"tailnet:\n  login_server: {URL}\n  tags: ['{TAG}']\n  version: {TAILSCALE}\n"
        f"{routed(values, routing)}accounts:\n{accounts}nodes:\n{machines}"
        # With the code inside, the control plane's user-data would be too large to paste.
        f"{sources}  code: {{url: 'http://apt.lab.test/{CODE}', plain_http: true}}\n"
        f"  trusted_ca: |\n{certificate}"
    )


def routed(text: str, routing: str) -> str:
    """An inventory with this ``cilium.routing``; the default is not written."""
    text = text.replace("  routing: tailnet\n", "", 1)
    return text if routing == "vxlan" else text.replace("cilium:\n", f"cilium:\n  routing: {routing}\n", 1)
