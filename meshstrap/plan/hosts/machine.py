"""The machine itself: system, kernel, disks, the image's own firewall."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.hosts import names
from meshstrap.plan.machines import DNF, KERNEL_MODULES
from meshstrap.plan.model import Fact, NodePlan, Plan

_PREFLIGHT = "kubeadm cmd/kubeadm/app/preflight/checks.go"
_CILIUM = "https://docs.cilium.io/en/stable/operations/system_requirements/"
_EVICTION = "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"
_ORACLE = "https://docs.oracle.com/en-us/iaas/Content/Compute/References/bestpracticescompute.htm"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topics machine, storage and firewall."""
    yield from _system(plan, node)
    yield from _kernel(node)
    yield from _disks(node)
    yield from _volume(node)
    yield from _firewall(plan, node)


def _system(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="answers",
        value="SSH lets us in, as root or as somebody who may sudo without a password",
        why="everything else is asked through it",
        source="sshd",
    )
    yield Fact(
        name="known_node",
        value=f"a node of the plan: {', '.join(one.name for one in plan.nodes)}",
        why="a machine is held against one node's plan, found by the host's name or by the hostname that it reports",
        source="cluster.yaml nodes",
    )
    yield Fact(
        name="os", value=node.os, why="packages and their repositories are those of this system", source="os-release(5)"
    )
    yield Fact(name="arch", value=node.arch, why="Helm and every image are fetched for this processor", source="uname")
    yield Fact(
        name="cpus",
        value=f"{node.minimum_cpus} or more",
        why="kubeadm refuses a control plane with less than two, and every pod shares them with the kubelet",
        source=_PREFLIGHT,
    )
    yield Fact(
        name="memory",
        value=f"{node.minimum_memory_mib} MiB or more",
        why="the least that etcd and the API server, or the kubelet and Cilium, start in; firmware and kernel keep "
        "some of what the console shows",
        source=_PREFLIGHT,
    )
    yield Fact(
        name="clock",
        value="synchronised",
        why="certificates, bootstrap tokens and the tailnet's keys are good from a moment to a moment",
        source="timedatectl",
    )
    yield from _names(node)


def _names(node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="hostname",
        value=node.name,
        why="it is the node's name in the tailnet and in Kubernetes, where a second name would be a second node",
        source="kubeadm nodeRegistration.name",
    )
    yield Fact(
        name="hostname_kept",
        value=f"{node.name}, after a boot and after a new DHCP lease",
        why="the console's name would come back, and the kubelet would register as another node",
        source="https://docs.oracle.com/en-us/iaas/Content/Network/Tasks/managingDHCP.htm#notes",
    )
    yield Fact(
        name="hostname_resolves",
        value=f"a line of /etc/hosts names {node.name}",
        why="kubeadm and sudo look the machine's own name up, and no DNS server knows it",
        source=_PREFLIGHT,
    )


def _kernel(node: NodePlan) -> Iterator[Fact]:
    least = ".".join(str(part) for part in names.MINIMUM_KERNEL)
    yield Fact(name="kernel", value=f"{least} or newer", why="Cilium's BPF programs need it", source=_CILIUM)
    yield Fact(
        name="cgroup",
        value="version 2",
        why="the kubelet refuses version 1 since 1.35",
        source="https://kep.k8s.io/5573",
    )
    yield Fact(
        name="swap",
        value="none in use",
        why="the kubelet does not start while there is any",
        source="kubelet failSwapOn",
    )
    yield Fact(
        name="swap_at_boot",
        value="no entry of fstab and no unit that brings any",
        why="the next boot would bring it back, and the kubelet would not start",
        source="fstab(5), systemd.swap(5)",
    )
    yield from _kernel_settings(node)


def _kernel_settings(node: NodePlan) -> Iterator[Fact]:
    modules = ", ".join(KERNEL_MODULES)
    yield Fact(
        name="modules",
        value=f"{modules}: loaded or built in",
        why="containerd's snapshots are overlays, and kubeadm asks that iptables sees bridged traffic",
        source=_PREFLIGHT,
    )
    yield Fact(
        name="modules_at_boot",
        value=f"{modules}: named in modules-load.d",
        why="nothing else loads them before the kubelet starts",
        source="modules-load.d(5)",
    )
    settings = ", ".join(f"{name} = {value}" for name, value in names.SYSCTLS.items())
    yield Fact(
        name="sysctls",
        value=settings,
        why="the kernel has to forward pods' packets, and must not drop them for want of a reverse path: pods' "
        "interfaces carry no address",
        source=_CILIUM,
    )
    yield Fact(
        name="sysctls_at_boot",
        value="the same values are the last ones that sysctl.d sets",
        why="the last file wins, and a distribution's own comes late; Cilium's, which comes last, sets the same",
        source="sysctl.d(5)",
    )
    permissive = node.selinux == "permissive"
    yield Fact(
        name="selinux",
        value="not enforcing, now nor after a boot" if permissive else "left alone",
        why="kubeadm's documentation asks for it; Oracle's policy lacks rules that every CNI needs",
        source="https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/",
    )


def _disks(node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="root_disk",
        value=f"{node.minimum_disk_gib} GiB or more",
        why="system, packages and logs, and 10 GiB of images unless they lie on a volume of their own",
        source="meshstrap/plan/machines.py",
    )
    yield Fact(
        name="free_space",
        value=f"{names.LEAST_FREE_PERCENT} % of each file system and {names.LEAST_FREE_INODES_PERCENT} % of its "
        "inodes, unless the kubelet is told otherwise",
        why="with less the kubelet throws pods off this node, and takes no new ones",
        source=_EVICTION,
    )


def _volume(node: NodePlan) -> Iterator[Fact]:
    volume = node.block_volume
    device, size = (volume.device, volume.size_gib) if volume else ("the data volume", 0)
    yield Fact(
        name="volume",
        value=f"{device} at {names.DATA_VOLUME}",
        why="images and pods' files must not fill the root disk: pods would be evicted while the volume is empty",
        source=_EVICTION,
    )
    yield Fact(
        name="volume_at_boot",
        value=f"{names.DATA_VOLUME} by UUID, with nofail",
        why="device names change with the order of attachment, and a volume that is late must not stop the boot",
        source="https://docs.oracle.com/en-us/iaas/Content/Block/References/fstaboptions.htm",
    )
    yield Fact(
        name="volume_users",
        value=f"{', '.join(names.DATA_USERS)} on the volume",
        why="what does not lie on the volume fills the root disk",
        source=_EVICTION,
    )
    yield Fact(
        name="volume_order",
        value="containerd and kubelet require its mounts",
        why="started on the empty folders below a late volume, they would begin anew beside their own data",
        source="systemd.unit(5) RequiresMountsFor",
    )
    yield Fact(
        name="volume_size",
        value=f"{size} GB or more",
        why="a smaller one is another volume than the one that the plan means",
        source="cluster.yaml block_volume.size_gib",
    )


def _firewall(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    if node.family == DNF:
        value = f"firewalld trusts {', '.join(names.trusted_words(plan.network))}"
        why = "firewalld's own chains judge a packet again after Tailscale has accepted it"
        source = "https://github.com/tailscale/tailscale/issues/4639"
    else:
        matches = [f"{chain} {match}" for chain, all_ in names.openings(plan.network).items() for match in all_]
        value = f"accepted before anything is refused: {'; '.join(matches)}"
        why = "the image's rules end with a REJECT, which nodes, pods and the API server would run into"
        source = _ORACLE
    yield Fact(name="openings", value=value, why=why, source=source)
    yield Fact(
        name="openings_at_boot",
        value=f"{value}: in what is loaded at boot",
        why=f"{why}; rules that are only live are gone after a boot",
        source=source,
    )
    yield Fact(
        name="instance_services",
        value="the image's rules for 169.254.0.0/16 are live, whole and in their order",
        why="they keep everyone but root from the boot volume's iSCSI target; Oracle asks to leave them alone",
        source=_ORACLE,
    )
    yield Fact(
        name="saved_foreign",
        value="no chain of Tailscale, Cilium or Kubernetes in the saved rules",
        why="saved once, they come back stale at every boot, before their owners start",
        source="https://github.com/Dokploy/dokploy/issues/5135",
    )
    yield Fact(
        name="ufw",
        value="not enabled",
        why="it takes the place of the image's own rules and shuts out the mesh; Oracle advises against it",
        source="https://docs.oracle.com/en-us/iaas/Content/Compute/known-issues.htm",
    )
