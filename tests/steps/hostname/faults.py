"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, drop, fault, put, says, text


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    names = f"100.64.0.1 k8s-api.internal # meshstrap: API\n127.0.0.1 localhost\n127.0.1.1 {node.name}\n"
    kept = {} if node.family == "apt" else {"/etc/oci-hostname.conf": "PRESERVE_HOSTINFO=2\n"}
    return {"texts": {"/etc/hostname": f"{node.name}\n", "/etc/hosts": names, **kept}}


FAULTS = (
    fault("machine", "the hostname is the nodes name", says("hostname", "instance-1"), "instance-1"),
    fault("machine", "the hostname is kept", put("/etc/hostname", "instance-1\n"), "/etc/hostname says instance-1"),
    fault("machine", "the hostname is kept", drop("texts", "/etc/hostname"), "/etc/hostname says nothing"),
    fault(
        "machine",
        "the hostname is kept",
        put("/etc/oci-hostname.conf", "PRESERVE_HOSTINFO=0\n"),
        "PRESERVE_HOSTINFO=0",
        WORKER,
    ),
    fault(
        "machine",
        "the hostname resolves without dns",
        text("/etc/hosts", "127.0.1.1 cp1", "# cp1"),
        "no line of /etc/hosts",
    ),
)
