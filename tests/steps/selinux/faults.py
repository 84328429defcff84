"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, fault, says, text

FAULTS = (
    fault("machine", "selinux is as planned", says("selinux", "Enforcing"), "Enforcing now", WORKER),
    fault(
        "machine",
        "selinux is as planned",
        text("/etc/selinux/config", "=permissive", "=enforcing"),
        "enforcing at the next boot",
        WORKER,
    ),
)
