"""The packages of a node, with versions in the form that its package manager takes."""

from __future__ import annotations

from meshstrap.plan.machines import APT
from meshstrap.plan.model import Package, Versions

# What kubeadm's preflight and the kubelet call (conntrack, ethtool, ip, iptables, mount, socat, tc), and what our own
# steps call. iptables on Oracle Linux is named after the kernel interface that it writes to; curl is not listed there,
# since its package would fight with curl-minimal, and either provides the program.
_DISTRIBUTION = {
    "apt": ("ca-certificates", "conntrack", "curl", "ethtool", "gpg", "iproute2", "iptables", "nftables", "socat"),
    "dnf": (
        *("ca-certificates", "conntrack-tools", "ethtool", "gnupg2", "iproute-tc", "iptables-nft", "nftables", "socat"),
        "tar",
    ),
}


def node_packages(family: str, versions: Versions) -> tuple[Package, ...]:
    """Everything that the ``packages`` step installs, in one transaction.

    The revision behind a version (``-1.1``) is the packager's and may be any. ``cri-tools`` and ``kubernetes-cni`` have
    version numbers of their own; of a minor for which none is known they come without one, and are held like the rest.
    """
    return (
        _exact("kubelet", versions.kubernetes),
        _exact("kubeadm", versions.kubernetes),
        _exact("kubectl", versions.kubernetes),
        _exact("cri-tools", versions.cri_tools),
        _exact("kubernetes-cni", versions.kubernetes_cni),
        _exact("containerd.io", versions.containerd),
        # Tailscale's deb packages carry no revision, its rpm packages do.
        Package(name="tailscale", version=versions.tailscale + ("" if family == APT else "-*"), held=True),
        *(Package(name=name, version="", held=False) for name in _DISTRIBUTION[family]),
    )


def _exact(name: str, version: str) -> Package:
    return Package(name=name, version=f"{version}-*" if version else "", held=True)


def package_argument(family: str, package: Package) -> str:
    """The package as the package manager's command line takes it: ``kubelet=1.36.3-*`` or ``kubelet-1.36.3-*``."""
    if not package.version:
        return package.name
    return f"{package.name}{'=' if family == APT else '-'}{package.version}"
