"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, fault, out, says, text
from tests.unit.hosts.green import ABSENT


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    is_apt = node.family == "apt"
    versions = {one.name: one.version.replace("-*", "-1.1") or "1:9.9-1" for one in node.packages}
    held = {one.name for one in node.packages if one.held}
    state = {name: f"{'hold' if name in held else 'install'} ok installed" for name in versions}
    dpkg = "".join(f"{name}\t{version}\t{state[name]}\n" for name, version in versions.items())
    rpm = "".join(f"{name}\t{version}\n" for name, version in versions.items())
    return {
        "commands": {
            "dpkg": dpkg if is_apt else ABSENT,
            "rpm": ABSENT if is_apt else rpm,
            "dpkg_audit": "" if is_apt else ABSENT,
            "programs": "containerd /usr/bin/containerd\ntailscaled /usr/sbin/tailscaled\nkubelet /usr/bin/kubelet\n",
        }
    }


FAULTS = (
    fault(
        "packages",
        "every package has the planned version",
        out("dpkg", "kubelet\t1.36.3-1.1", "kubelet\t1.36.1-1.1"),
        "kubelet 1.36.1-1.1",
    ),
    fault(
        "packages",
        "no package is newer than the plan",
        out("dpkg", "kubelet\t1.36.3-1.1", "kubelet\t1.36.11-1.1"),
        "kubelet 1.36.11-1.1: newer than the plan",
    ),
    fault(
        "packages",
        "every package has the planned version",
        out("dpkg", "1:9.9-1\tinstall ok installed", "1:9.9-1\tdeinstall ok config-files"),
        "not installed",
    ),
    fault(
        "packages",
        "every package has the planned version",
        out("rpm", "tailscale\t1.102.5-1.1\n", "package tailscale is not installed\n"),
        "tailscale not installed",
        WORKER,
    ),
    fault(
        "packages",
        "every planned package is held",
        out("dpkg", "tailscale\t1.102.5\thold", "tailscale\t1.102.5\tinstall"),
        "not held: tailscale",
    ),
    fault(
        "packages",
        "every planned package is held",
        text("/etc/yum.repos.d/meshstrap-containerd.repo", "excludepkgs=containerd.io", ""),
        "not held: containerd.io",
        WORKER,
    ),
    fault(
        "packages",
        "no package is half installed",
        says("dpkg_audit", "The following packages are only half installed:\n kubelet"),
        "half installed",
    ),
    fault(
        "packages",
        "the running programs are the installed ones",
        out("programs", "tailscaled\nk", "tailscaled (deleted)\nk"),
        "tailscaled /usr/sbin/tailscaled (deleted)",
    ),
)
