"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import fault, out, put

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
