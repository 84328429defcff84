"""The kubelet's configuration: ours, with the person's fields over it."""

from __future__ import annotations

from typing import Any

from meshstrap.plan.control_plane import CIPHER_SUITES, MINIMUM_TLS

POD_PIDS = 4096
"""Processes and threads of one pod. Without a limit a single pod can take all that a node has: the kernel makes one
thread for every 128 KiB of memory (kernel/fork.c, set_max_threads), some 8,000 on a 1 GiB machine. OpenShift's default,
which large Java programs live with: https://docs.redhat.com/en/documentation/openshift_container_platform/
"""


def kubelet_configuration() -> dict[str, Any]:
    """Our fields of KubeletConfiguration, the same for every node: kubeadm hands them out with the cluster.

    Left out on purpose:

    - ``resolvConf``: on each node kubeadm itself asks whether systemd-resolved is active and then points the kubelet
      at /run/systemd/resolve/resolv.conf, else the kubelet reads /etc/resolv.conf (mutateResolverConfig in kubeadm's
      componentconfigs/kubelet_unix.go). That is right on every system here, and right still when a person switches.
    - ``clusterDNS`` and ``clusterDomain``: kubeadm derives them from the service subnet.
    """
    return {
        "cgroupDriver": "systemd",
        "failSwapOn": True,
        "rotateCertificates": True,
        # What a container asks for is 60 system calls less: those of keyrings, modules, swap, clocks and the like.
        "seccompDefault": True,
        "podPidsLimit": POD_PIDS,
        "tlsMinVersion": MINIMUM_TLS,
        "tlsCipherSuites": list(CIPHER_SUITES),
        # A 50 GB boot volume holds images too: collect them before the disk is full (kubelet's own: 85 and 80).
        "imageGCHighThresholdPercent": 80,
        "imageGCLowThresholdPercent": 70,
        # For sshd and tailscaled, and for containerd and the kubelet: pods must not starve them on 1 to 2 CPUs.
        "systemReserved": {"cpu": "100m", "memory": "256Mi"},
        "kubeReserved": {"cpu": "100m", "memory": "256Mi"},
    }
