"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import data, fault

FAULTS = (
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"].clear()),
        "denied are no ports",
    ),
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][0].pop("toPorts")),
        "denied are [('', '')]",
    ),
)
