"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, out, put


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    return {
        "texts": {"/etc/modules-load.d/meshstrap.conf": "overlay\nbr_netfilter\n"},
        "modes": {"/sys/module/overlay": {"mode": "0755", "owner": "root", "kind": "folder", "bytes": 0}},
        "commands": {"modules": "builtin overlay\ninsmod /lib/modules/6.8/llc.ko\nbuiltin br_netfilter\n"},
    }


FAULTS = (
    fault(
        "machine",
        "kernel modules are loaded",
        out("modules", "builtin br_netfilter", "insmod br_netfilter.ko"),
        "not loaded: br_netfilter",
    ),
    fault(
        "machine",
        "kernel modules are loaded at every boot",
        put("/etc/modules-load.d/meshstrap.conf", "overlay\n# br_netfilter\n"),
        "in no file: br_netfilter",
    ),
)
