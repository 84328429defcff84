"""Where a node downloads from: the vendors' own places, or what the inventory puts in their stead."""

from __future__ import annotations

from meshstrap import compat
from meshstrap.inventory.model import Inventory
from meshstrap.plan.model import Download, Repository

TAKEN = {
    "kubernetes": ("cri-tools", "kubeadm", "kubectl", "kubelet", "kubernetes-cni"),
    "containerd": ("containerd.io",),
    "tailscale": ("tailscale",),
}
"""The packages that a node takes from each repository."""


def node_repositories(inventory: Inventory, system: str) -> tuple[Repository, ...]:
    """The package repositories of one operating system, for the Kubernetes version of the inventory."""
    found = compat.repositories(system, inventory.cluster.kubernetes_version, inventory.sources.repositories)
    return tuple(
        Repository(
            name=source.name,
            kind=source.kind,
            url=source.url,
            suite=source.suite,
            component=source.component,
            key_url=source.key_url,
            key_fingerprints=source.key_fingerprints,
            packages=TAKEN[source.name],
        )
        for source in found
    )


def helm_archive(inventory: Inventory, arch: str) -> Download:
    """Helm's archive for a processor."""
    pinned = compat.helm_download(inventory.cluster.helm_version, arch, inventory.sources.helm)
    return Download(url=pinned.url, sha256=pinned.sha256)


def cilium_chart(inventory: Inventory) -> Download:
    """Cilium's Helm chart."""
    pinned = compat.cilium_chart(inventory.cilium.version, inventory.sources.cilium_chart)
    return Download(url=pinned.url, sha256=pinned.sha256)
