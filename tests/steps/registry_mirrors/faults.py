"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, text

_FILE = "/etc/containerd/certs.d/registry.k8s.io/hosts.toml"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    mirror = "https://mirror.example.net/k8s"
    return {"texts": {_FILE: f'server = "{mirror}"\n[host."{mirror}"]\n'}}


FAULTS = (
    fault(
        "containerd",
        "images come from the planned mirrors",
        text(_FILE, "[host", "# [host"),
        "registry.k8s.io from its own",
    ),
)
