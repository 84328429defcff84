"""Every place that a node downloads from, when it is not the vendor's own."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.inventory.field_types import Certificates, Fingerprint, Flag, FolderUrl, Registry, Sha256, Text, Url
from meshstrap.inventory.section import Section, documented

_EXAMPLE_SHA256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
_EXAMPLE_CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\nMIIBexampleexampleexampleexampleexampleexample\n-----END CERTIFICATE-----\n"
)
_EXAMPLE_DOWNLOAD = {"url": "https://mirror.example.net/file.tgz", "sha256": _EXAMPLE_SHA256}


class PackageRepository(Section):
    """A signed package repository instead of the vendor's; what is left out stays the vendor's."""

    url: Url | None = documented("The repository's URL.", "https://mirror.example.net/k8s/deb/", default=None)
    suite: Text | None = documented("deb only: the suite, or '/' for a flat repository.", "noble", default=None)
    component: Text | None = documented("deb only: the component; empty for a flat repository.", "stable", default=None)
    key_url: Url | None = documented(
        "Where the signing key is downloaded from.", "https://mirror.example.net/k8s/Release.key", default=None
    )
    key_fingerprints: tuple[Fingerprint, ...] | None = documented(
        "The full fingerprints of the signing keys; a downloaded key that is not among them is refused.",
        ["DE15B14486CD377B9E876E1A234654DA9A296436"],
        default=None,
    )


class Repositories(Section):
    """The package repositories, by what comes from them."""

    kubernetes: PackageRepository | None = documented(
        "kubelet, kubeadm, kubectl, cri-tools, kubernetes-cni.",
        {"url": "https://mirror.example.net/k8s/deb/"},
        default=None,
    )
    containerd: PackageRepository | None = documented(
        "containerd.io.", {"url": "https://mirror.example.net/docker/ubuntu"}, default=None
    )
    tailscale: PackageRepository | None = documented(
        "tailscale.", {"url": "https://mirror.example.net/tailscale/ubuntu"}, default=None
    )


class PinnedFile(Section):
    """One file, pinned by its checksum."""

    url: Url = documented("Where it is downloaded from.", "https://mirror.example.net/file.tgz")
    sha256: Sha256 = documented("Its SHA-256 checksum.", _EXAMPLE_SHA256)


class HelmArchives(Section):
    """Helm's archive for each processor."""

    arm64: PinnedFile | None = documented("helm-v…-linux-arm64.tar.gz", _EXAMPLE_DOWNLOAD, default=None)
    amd64: PinnedFile | None = documented("helm-v…-linux-amd64.tar.gz", _EXAMPLE_DOWNLOAD, default=None)


class CodePlace(Section):
    """Where nodes fetch the bootstrap code from, so that the user-data holds their values alone."""

    url: FolderUrl = documented(
        "The folder's URL; the file that `invoke render` writes to generated/code/ is put there under its name.",
        "https://files.example.net/meshstrap",
    )
    plain_http: Flag = documented(
        "Whether url may be http://. The checksum keeps the code what it is, but all can see and stop the transfer.",
        "false",
        default=False,
    )


class Sources(Section):
    """Where nodes download from. Every part may be left out; the vendor's own place counts then."""

    repositories: Repositories = documented(
        "Package repositories.", {"kubernetes": {"url": "https://mirror.example.net/k8s/deb/"}}, default={}
    )
    helm: HelmArchives = documented("Helm's archives.", {"arm64": _EXAMPLE_DOWNLOAD}, default={})
    cilium_chart: PinnedFile | None = documented("Cilium's Helm chart.", _EXAMPLE_DOWNLOAD, default=None)
    registries: Mapping[Registry, Url] = documented(
        "Mirrors of image registries.", {"registry.k8s.io": "https://mirror.example.net/k8s"}, default={}
    )
    plain_http_registries: tuple[Registry, ...] = documented(
        "Registries whose mirror may be http://. Images have no checksum: whoever is on the way decides what runs.",
        ["registry.k8s.io"],
        default=(),
    )
    code: CodePlace | None = documented(
        "Where nodes fetch the bootstrap code from; without it the code travels in the user-data.",
        {"url": "https://files.example.net/meshstrap"},
        default=None,
    )
    trusted_ca: Certificates = documented(
        "A private CA in PEM form, installed before anything is downloaded.", _EXAMPLE_CERTIFICATE, default=""
    )
