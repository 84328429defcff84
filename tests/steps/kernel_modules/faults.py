"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, out, put, says


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    return {
        "texts": {"/etc/modules-load.d/meshstrap.conf": "overlay\n"},
        "commands": {"modules": "builtin overlay\n", "absent_modules": ""},
    }


FAULTS = (
    fault(
        "machine",
        "kernel modules are loaded",
        out("modules", "builtin overlay", "insmod /lib/modules/6.8/overlay.ko"),
        "not loaded: overlay",
    ),
    fault(
        "machine",
        "kernel modules of the network exist",
        says("absent_modules", "xt_CT\nxt_connmark\n"),
        "this kernel has no xt_CT, xt_connmark",
    ),
    fault(
        "machine",
        "kernel modules are loaded at every boot",
        put("/etc/modules-load.d/meshstrap.conf", "# overlay\n"),
        "in no file: overlay",
    ),
)
