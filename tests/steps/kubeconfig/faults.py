"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import fault, mode

FAULTS = (
    fault(
        "control_plane",
        "the login user alone has a kubeconfig",
        mode("/home/ubuntu/.kube/config", mode="0644"),
        "/home/ubuntu/.kube/config is ubuntu's, 0644",
    ),
)
