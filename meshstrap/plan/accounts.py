"""What the nodes of each account use together, beside what the account allows."""

from __future__ import annotations

from meshstrap.inventory.machines import Account
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.rules_machines import memory_of_the_quota, ocpus_of_the_quota, storage_gib
from meshstrap.inventory.shapes import MICRO
from meshstrap.plan.model import AccountPlan

FREE_OCPUS, FREE_MEMORY_GIB, FREE_STORAGE_GIB = 2, 12, 200
"""What OCI lets an Always Free account use of A1 machines, and of disks
(https://docs.oracle.com/en-us/iaas/Content/FreeTier/freetier_topic-Always_Free_Resources.htm, 2026-11; until June 2026
it was twice as many OCPUs and GiB of memory)."""

UNLISTED_SSH_KEYS_BYTES = 750
"""Bytes kept where the inventory lists no SSH key: the largest usual one, RSA-4096 with a name, takes about 740."""

ED25519_BYTES = 110
"""Bytes of an Ed25519 key with a name: 81 without."""


def ssh_keys_bytes(keys: tuple[str, ...]) -> int:
    """Bytes of an instance's ``ssh_authorized_keys``: one key a line. They share the user-data's size limit."""
    return sum(len(key.encode()) + 1 for key in keys) if keys else UNLISTED_SSH_KEYS_BYTES


def derive_account(account: Account, inventory: Inventory) -> AccountPlan:
    """One account with the sums over its nodes."""
    nodes = [node for node in inventory.nodes if node.account == account.name]
    quota = account.quota
    return AccountPlan(
        name=account.name,
        region=account.region,
        subnet=account.subnet,
        nodes=tuple(node.name for node in nodes),
        ocpus=sum(map(ocpus_of_the_quota, nodes)),
        memory_gib=sum(map(memory_of_the_quota, nodes)),
        storage_gib=sum(map(storage_gib, nodes)),
        micros=sum(node.shape == MICRO for node in nodes),
        quota_ocpus=quota.ocpus if quota else None,
        quota_memory_gib=quota.memory_gib if quota else None,
        quota_storage_gib=quota.storage_gib if quota else None,
        ssh_keys_bytes=ssh_keys_bytes(account.ssh_authorized_keys),
    )
