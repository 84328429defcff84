"""What follows from a machine's operating system, processor and role."""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.inventory.rules_shapes import ROOT_GIB, ROOT_GIB_BESIDE_A_VOLUME

CONTROL_PLANE = "control-plane"
WORKER = "worker"
ROLES = (CONTROL_PLANE, WORKER)

APT = "apt"
DNF = "dnf"
FAMILIES = (APT, DNF)

FIREWALLS = {APT: "iptables", DNF: "firewalld"}
"""What Oracle's images filter with: iptables-persistent on Ubuntu, firewalld on Oracle Linux."""

KERNEL_MODULES = ("overlay",)
"""Loaded now and at every boot: containerd's snapshots."""

NEEDED_MODULES = ("tun", "vxlan", "xt_CT", "xt_comment", "xt_connmark", "xt_conntrack", "xt_mark")
"""Loaded by whoever uses them: tailscaled's device; Cilium's tunnel; the matches and targets of Cilium's rules
(cilium 1.20 pkg/datapath/iptables) and of Tailscale's (tailscale 1.102 util/linuxfw)."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One operating system. ``family`` is its package manager, ``release`` what package repositories call it."""

    name: str
    family: str
    distribution: str
    release: str
    login_user: str


SYSTEMS = {
    system.name: system
    for system in (
        System(name="ubuntu-22.04", family=APT, distribution="ubuntu", release="jammy", login_user="ubuntu"),
        System(name="ubuntu-24.04", family=APT, distribution="ubuntu", release="noble", login_user="ubuntu"),
        System(name="debian-12", family=APT, distribution="debian", release="bookworm", login_user="debian"),
        System(name="debian-13", family=APT, distribution="debian", release="trixie", login_user="debian"),
        System(name="oracle-9", family=DNF, distribution="oracle", release="9", login_user="opc"),
        System(name="oracle-10", family=DNF, distribution="oracle", release="10", login_user="opc"),
    )
}
"""The supported systems by their name in the inventory."""


def minimum_cpus(role: str) -> int:
    """CPUs that the machine must show: 2 for a control plane (kubeadm's preflight, NumCPU), else 1."""
    return 2 if role == CONTROL_PLANE else 1


def minimum_memory_mib(role: str) -> int:
    """MiB that Linux must report: 1700 for a control plane (kubeadm's preflight, Mem), 900 for a worker.

    Both lie below the machine's size on paper, since firmware and kernel keep some: a 2 GiB machine reports about
    1900 MiB, a 1 GiB machine about 950. A worker needs some 600 MiB for kubelet, containerd, Tailscale and Cilium.
    """
    return 1700 if role == CONTROL_PLANE else 900


def minimum_disk_gib(*, has_block_volume: bool) -> int:
    """GiB that the root file system has to have."""
    return ROOT_GIB_BESIDE_A_VOLUME if has_block_volume else ROOT_GIB
