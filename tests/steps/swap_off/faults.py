"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import fault, out, put, text

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
