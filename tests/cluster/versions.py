"""The exact versions of what runs on a cluster of the lab, asked of the machines themselves."""

from __future__ import annotations

import os
import platform
import re

from tests.lab.programs import module_version

from .chart import CILIUM
from .cluster import Cluster

# What the nodes install, as the packages say; a vendor's revision of a package is its own.
_PACKAGES = (
    "cloud-init containerd.io cri-tools iptables kubeadm kubectl kubelet kubernetes-cni systemd tailscale".split()
)
# What runs in images, or beside the machines, as it was built.
_MODULES = {
    "CoreDNS": ("coredns", "github.com/coredns/coredns"),
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "Cilium": ("cilium", CILIUM),
    "Helm": ("helm", "helm.sh/helm/v4"),
    "Headscale": ("headscale", "github.com/juanfont/headscale"),
}


def programs(cluster: Cluster) -> dict[str, str]:
    """Name → version."""
    machine = cluster.machines["cp1"]
    asked = machine.run("dpkg-query", "--show", "--showformat=${Package} ${Version}\\n", *_PACKAGES).check().out
    found = dict(line.split() for line in asked.splitlines())
    found |= {name: module_version(*place) for name, place in _MODULES.items()}
    found["runc"] = machine.run("runc", "--version").check().out.split()[2]
    (node,) = cluster.objects("node", "cp1")
    found["Kubernetes, as the kubelet says"] = node["status"]["nodeInfo"]["kubeletVersion"]
    found["Debian"] = machine.read("/etc/debian_version").strip()
    return found


def this_machine() -> dict[str, str]:
    """What all of it ran on."""
    # A build's own suffix of the release says nothing to others.
    release = re.match(r"[\d.]+", platform.release())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "Linux": release[0] if release else platform.release(),
        "processor": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "memory": f"{memory:.0f} GiB",
    }
