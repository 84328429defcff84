"""How large the nodes of one free account are: what the account may use, shared among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshstrap.plan.accounts import FREE_MEMORY_GIB, FREE_OCPUS, FREE_STORAGE_GIB

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
    has = (
        f"an Always Free account has {FREE_OCPUS} OCPUs, {FREE_MEMORY_GIB} GiB of memory and {FREE_STORAGE_GIB} GiB of "
        "disks"
    )
    way = (
        "put the others into accounts of their own. Where this account may use more, begin without them, and add them "
        "to cluster.yaml with a larger quota"
    )
    if len(nodes) > 1 and control_planes:
        message = f"account {account}: {has}, and {control_planes[0]}, a control plane, needs both OCPUs; {way}"
        raise ValueError(message)
    if len(nodes) > FREE_OCPUS:
        message = f"account {account}: {has}, which is too little for {len(nodes)} nodes; {way}"
        raise ValueError(message)
    # Of two nodes with a volume each this leaves 50 GiB, the smallest that OCI makes.
    room = (FREE_STORAGE_GIB - BOOT_VOLUME_GIB * len(nodes)) // max(1, volumes)
    return Share(
        ocpus=FREE_OCPUS // len(nodes),
        memory_gib=FREE_MEMORY_GIB // len(nodes),
        volume_gib=min(_VOLUME_GIB, room),
    )
