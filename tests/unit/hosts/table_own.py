"""What can be wrong on a host, in answers of no step, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, fault, mode, out, place, put, says, status, unit
from tests.unit.hosts.green import BOOT, GIB

FAULTS = (
    fault("storage", "the root disk is large enough", place("/", bytes=8 * GIB, free=7 * GIB), "8.0 GiB"),
    fault("storage", "the root disk is large enough", place("/", bytes=30 * GIB, free=20 * GIB), "30.0 GiB"),
    fault("storage", "every file system has room", place("/", free=2 * GIB), "/: 4.2 % free, 90.0 % of inodes"),
    fault("storage", "every file system has room", place("/", free_inodes=10), "/: 62.5 % free, 1.0 % of inodes"),
    fault(
        "secrets", "the auth key is gone", mode("/etc/meshstrap/secrets/auth_key"), "/etc/meshstrap/secrets/auth_key"
    ),
    fault(
        "secrets", "the bootstrap tokens are gone", mode("/etc/meshstrap/secrets/bootstrap_tokens"), "bootstrap_tokens"
    ),
    fault(
        "secrets",
        "the bootstrap tokens are gone",
        mode("/etc/kubernetes/bootstrap-kubelet.conf"),
        "bootstrap-kubelet.conf",
        WORKER,
    ),
    fault(
        "secrets",
        "what was handed over is roots alone",
        mode("/var/lib/cloud/instances/i/user-data.txt", mode="0644"),
        "user-data.txt is root's, 0644",
    ),
    fault(
        "secrets",
        "what was handed over is roots alone",
        mode("/var/lib/tailscale/tailscaled.state", owner="ubuntu"),
        "tailscaled.state is ubuntu's",
    ),
    fault(
        "secrets",
        "the clusters keys are roots alone",
        mode("/etc/kubernetes/pki/ca.key", mode="0640"),
        "/etc/kubernetes/pki/ca.key is root's, 0640",
    ),
    fault(
        "secrets",
        "no log holds a secret",
        says("secrets_in_logs", "/var/log/cloud-init-output.log: 2 lines\n"),
        "/var/log/cloud-init-output.log: 2 lines",
    ),
    fault(
        "secrets",
        "no process shows a secret",
        says("secrets_in_processes", "tailscale\ntailscale\n"),
        "on the command line of tailscale",
    ),
    fault(
        "secrets",
        "script and status hold no secret",
        says("secrets_in_files", "/opt/meshstrap/bootstrap.sh: 1 lines\n"),
        "bootstrap.sh: 1 lines",
    ),
    fault(
        "converged",
        "the machine was given its own user data",
        status(node="w1", role="worker"),
        "node is w1, not cp1; role is worker, not control-plane",
    ),
    fault(
        "converged",
        "the steps are the planned ones",
        out("steps", "block_volume\n", ""),
        "swap_off kernel_modules kernel_sysctls host_firewall",
    ),
    fault(
        "converged",
        "the steps run at every boot",
        unit("meshstrap", "UnitFileState", "disabled"),
        "meshstrap.service is disabled",
    ),
    fault("converged", "the steps run at every boot", put("/proc/stat", f"btime {BOOT + 86000}\n"), "before the boot"),
    fault("converged", "the steps run again each week", says("timer", "inactive\n", 3), "meshstrap.timer is inactive"),
    fault(
        "converged",
        "a check finds no drift",
        says("drift", "2026-11-23T20:40:01Z drift   containerd: would change: stale\n", 1),
        "containerd: would change: stale",
    ),
)
