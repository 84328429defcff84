"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, fault, out, put, text


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    return {
        "texts": {"/proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"},
        "commands": {"swap_units": "dev-zram0.swap masked enabled\nbasic.target static -\n"},
    }


FAULTS = (
    fault("machine", "no swap is in use", put("/proc/swaps", "Filename\n/swapfile file 1 0 -2\n"), "/swapfile"),
    fault("machine", "no swap comes back at boot", text("/etc/fstab", "# /swap", "/swap"), "fstab: /swap"),
    fault(
        "machine",
        "no swap comes back at boot",
        out("swap_units", "dev-zram0.swap masked", "dev-zram0.swap generated"),
        "dev-zram0.swap",
    ),
)
