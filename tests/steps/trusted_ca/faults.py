"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import fault, says

FAULTS = (
    fault("packages", "the private ca is trusted", says("trusted_ca", "0", 1), "not among the system's certificates"),
)
