"""What is allowed and still worth knowing before any machine exists."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.inventory.model import Inventory
from meshstrap.plan import machines

COMFORTABLE_CONTROL_PLANE_MEMORY_GIB = 4
"""kubeadm itself asks for 1700 MiB; etcd, API server, Cilium and CoreDNS together use 2 to 3 GiB once pods run."""


def derive_warnings(inventory: Inventory) -> tuple[str, ...]:
    """Warnings of the plan, each with what it is about; those about versions and subnets are compat's."""
    return (*_memory(inventory), *_quotas(inventory))


def _memory(inventory: Inventory) -> Iterator[str]:
    for node in inventory.nodes:
        if node.role == machines.CONTROL_PLANE and node.memory_gib < COMFORTABLE_CONTROL_PLANE_MEMORY_GIB:
            yield (
                f"node {node.name}: {node.memory_gib} GiB is little for a control plane; below "
                f"{COMFORTABLE_CONTROL_PLANE_MEMORY_GIB} GiB it is slow once pods run beside it"
            )


def _quotas(inventory: Inventory) -> Iterator[str]:
    for account in inventory.accounts:
        if account.quota is None:
            yield f"account {account.name}: no quota is given, so its nodes are not held against what it may use"
