"""The steps in the order in which a node runs them, who gets which, and the files that they are made of.

This table is the one place of the order: file names carry no numbers. What a step reads of the header stands in the
step's own first line (``: "${NAME:?}"``), and rendering takes it from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.plan import machines
from meshstrap.plan.machines import CONTROL_PLANE, DNF, FAMILIES, ROLES, WORKER


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: what holds once it has converged, which nodes have it, and the libraries that it calls.

    ``{family}`` in a library's name stands for the node's package manager, ``{firewall}`` for its images' firewall.
    """

    name: str
    holds: str
    roles: tuple[str, ...] = ROLES
    families: tuple[str, ...] = FAMILIES
    needs_block_volume: bool = False
    needs_trusted_ca: bool = False
    libraries: tuple[str, ...] = ()


CATALOGUE = (
    Step(
        name="machine_supported",
        holds="the machine is what the plan counts on: system, processor, kernel, cgroup v2, CPUs, memory, disk, clock",
    ),
    Step(name="hostname", holds="the hostname and its line in /etc/hosts are the node's name"),
    Step(
        name="hostname_kept",
        holds="no DHCP lease brings the console's name back",
        families=(DNF,),
    ),
    Step(name="swap_off", holds="no swap is in use, now nor after a reboot"),
    Step(
        name="kernel_modules",
        holds="the kernel modules for containers and bridged traffic are loaded, now and at every boot",
    ),
    Step(
        name="kernel_sysctls", holds="the kernel forwards traffic and does not drop that of pods, now and at every boot"
    ),
    Step(
        name="block_volume",
        holds="the data volume is mounted by UUID and carries containers, pod logs and the kubelet's files",
        needs_block_volume=True,
    ),
    Step(
        name="host_firewall",
        holds="the image's own firewall lets the tailnet and pods through, and keeps everything else that it had",
        libraries=("firewall_{firewall}",),
    ),
    Step(
        name="selinux",
        holds="SELinux is permissive, or left alone when the inventory says so",
        families=(DNF,),
    ),
    Step(
        name="trusted_ca",
        holds="the inventory's own CA is trusted, before anything is downloaded",
        needs_trusted_ca=True,
        libraries=("package_{family}", "trust_{family}"),
    ),
    Step(
        name="package_sources",
        holds="the package repositories of the plan are there, each bound to its own signing key",
        libraries=("download", "package_{family}"),
    ),
    Step(
        name="packages",
        holds="every package has exactly the version of the plan and is held there",
        libraries=("package_{family}",),
    ),
    Step(
        name="containerd",
        holds="containerd runs with our configuration and was started after its last change",
        libraries=("service",),
    ),
    Step(
        name="mesh_guards",
        holds="Tailscale and Cilium cannot break each other: the routing rule and the address filter are in force",
        libraries=("service",),
    ),
    Step(
        name="tailnet",
        holds="the node is logged in under its own name, and its address is the one of its first login",
        libraries=("tailnet",),
    ),
    Step(
        name="kubelet",
        holds="the kubelet starts after the tailnet and uses the tailnet address",
        libraries=("service",),
    ),
    Step(
        name="control_plane",
        holds="the API answers, this node is registered, and every worker's bootstrap token exists",
        roles=(CONTROL_PLANE,),
        libraries=("tailnet", "kube"),
    ),
    Step(
        name="join",
        holds="the API's name leads to the control plane's tailnet address, and this node has joined",
        roles=(WORKER,),
        libraries=("tailnet", "kube"),
    ),
    Step(
        name="cilium",
        holds="Cilium runs at the version and with the values of the plan, and its agents are ready",
        roles=(CONTROL_PLANE,),
        libraries=("download", "kube"),
    ),
    Step(
        name="cluster_policies",
        holds="pods cannot reach the cloud's metadata service or its volumes; name resolution works",
        roles=(CONTROL_PLANE,),
        libraries=("kube",),
    ),
    Step(
        name="kubeconfig",
        holds="the login user can run kubectl",
        roles=(CONTROL_PLANE,),
        libraries=("kube",),
    ),
    Step(name="node_ready", holds="the kubelet reports this node Ready", libraries=("service", "kube")),
)
"""All steps, in order."""

BASE_LIBRARIES = ("strict", "log", "file", "status", "ask", "step")
"""Libraries of every node, in the order in which they need each other."""

LIBRARY_ORDER = ("service", "download", "tailnet", "kube", "package_{family}", "trust_{family}", "firewall_{firewall}")
"""The order of the other libraries; a node has those that its steps name."""


def step_named(name: str) -> Step:
    """The step of that name; ``KeyError`` when there is none."""
    for step in CATALOGUE:
        if step.name == name:
            return step
    raise KeyError(name)


def steps_for(*, role: str, family: str, has_block_volume: bool, has_trusted_ca: bool) -> tuple[str, ...]:
    """The names of a node's steps, in order."""
    return tuple(
        step.name
        for step in CATALOGUE
        if role in step.roles
        and family in step.families
        and (has_block_volume or not step.needs_block_volume)
        and (has_trusted_ca or not step.needs_trusted_ca)
    )


def files_for(steps: tuple[str, ...], family: str) -> tuple[str, ...]:
    """The files below ``scripts/`` that make up a node's script, in order: libraries, steps, the main program."""
    words = {"family": family, "firewall": machines.FIREWALLS[family]}
    wanted = {library for step in CATALOGUE if step.name in steps for library in step.libraries}
    libraries = (*BASE_LIBRARIES, *(library for library in LIBRARY_ORDER if library in wanted))
    return (
        *(f"lib/{library.format_map(words)}.sh" for library in libraries),
        *(f"steps/{step}.sh" for step in steps),
        "main.sh",
    )
