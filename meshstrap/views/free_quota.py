"""How large the nodes of one free account are: what the account may use, shared among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OCPUS, MEMORY_GIB, STORAGE_GIB = 2, 12, 200
"""What OCI lets an Always Free account use of Arm machines, and of disks
(https://docs.oracle.com/en-us/iaas/Content/FreeTier/freetier_topic-Always_Free_Resources.htm, 2026-11)."""

BOOT_VOLUME_GIB = 50
_VOLUME_GIB = 100


@dataclass(frozen=True, kw_only=True)
class Share:
    """One node's share. ``volume_gib``: of a data volume, if it has one."""

    ocpus: int
    memory_gib: int
    volume_gib: int


def share_of(account: str, nodes: Sequence[str], control_planes: Sequence[str], volumes: int) -> Share:
    """The share of each of these nodes, ``volumes`` of which have a data volume.

    ``ValueError``: a free account has not enough for them.
    """
    has = f"an Always Free account has {OCPUS} OCPUs, {MEMORY_GIB} GiB of memory and {STORAGE_GIB} GiB of disks"
    way = (
        "put the others into accounts of their own. Where this account may use more, begin without them, and add them "
        "to cluster.yaml with a larger quota"
    )
    if len(nodes) > 1 and control_planes:
        message = f"account {account}: {has}, and {control_planes[0]}, a control plane, needs both OCPUs; {way}"
        raise ValueError(message)
    if len(nodes) > OCPUS:
        message = f"account {account}: {has}, which is too little for {len(nodes)} nodes; {way}"
        raise ValueError(message)
    # Of two nodes with a volume each this leaves 50 GiB, the smallest that OCI makes.
    room = (STORAGE_GIB - BOOT_VOLUME_GIB * len(nodes)) // max(1, volumes)
    return Share(
        ocpus=OCPUS // len(nodes),
        memory_gib=MEMORY_GIB // len(nodes),
        volume_gib=min(_VOLUME_GIB, room),
    )
