"""Where a node downloads from: the vendors' own places, or what the inventory puts in their stead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from meshstrap import compat
from meshstrap.inventory import Inventory, PinnedFile
from meshstrap.plan.model import Repository

TAKEN = {
    "kubernetes": ("cri-tools", "kubeadm", "kubectl", "kubelet", "kubernetes-cni"),
    "containerd": ("containerd.io",),
    "tailscale": ("tailscale",),
}
"""The packages that a node takes from each repository."""


def node_repositories(inventory: Inventory, system: str) -> tuple[Repository, ...]:
    """The package repositories of one operating system, for the Kubernetes version of the inventory.

    Those of one URL and suite are one repository with all their keys: apt refuses to work at all when two sources of
    one place name different ones ("Conflicting values set for option Signed-By").
    """
    found = compat.repositories(system, inventory.cluster.kubernetes_version, inventory.sources.repositories)
    places: dict[tuple[str, str], list[compat.PackageSource]] = {}
    for source in found:
        places.setdefault((source.url.rstrip("/"), source.suite), []).append(source)
    return tuple(_repository(sources) for sources in places.values())


def _repository(sources: Sequence[compat.PackageSource]) -> Repository:
    first = sources[0]
    return Repository(
        name=first.name,
        kind=first.kind,
        url=first.url,
        suite=first.suite,
        components=_each_once([source.component] if source.component else [] for source in sources),
        key_urls=_each_once([source.key_url] for source in sources),
        key_fingerprints=_each_once(source.key_fingerprints for source in sources),
        packages=_each_once(TAKEN[source.name] for source in sources),
        signed_metadata=all(source.signed_metadata for source in sources),
    )


def _each_once(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def helm_archive(inventory: Inventory, arch: str) -> PinnedFile:
    """Helm's archive for a processor."""
    return compat.helm_download(inventory.cluster.helm_version, arch, inventory.sources.helm)


def cilium_chart(inventory: Inventory) -> PinnedFile:
    """Cilium's Helm chart."""
    return compat.cilium_chart(inventory.cilium.version, inventory.sources.cilium_chart)
