"""``cluster.kubelet`` and ``nodes[].kubelet`` held against the fields of KubeletConfiguration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshstrap.compat.data import facts_of
from meshstrap.compat.known_fields import Facts, Reader
from meshstrap.compat.ranges import minor
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_protected import KUBELET_FIELDS
from meshstrap.inventory.tree import Path


def kubelet_fields_are_known(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The kubelet takes each field, and each is of its kind: one that is not makes kubeadm fail on the node."""
    version = minor(inventory.cluster.kubernetes_version)
    facts: Facts = facts_of("kubelet", version)
    if facts:
        for start, fields in _kubelets(inventory):
            reader = Reader(
                name=f"KubeletConfiguration of Kubernetes {version}",
                noun="field",
                start=start,
                facts=facts,
                places=places,
                protected=KUBELET_FIELDS,
                removed={},
            )
            yield from reader.judge(fields)


def _kubelets(inventory: Inventory) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    yield ("cluster", "kubelet"), inventory.cluster.kubelet
    for index, node in enumerate(inventory.nodes):
        yield ("nodes", index, "kubelet"), node.kubelet
