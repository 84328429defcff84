"""Rules about machines: roles, sizes, and what the accounts allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from meshstrap.errors import Problem
from meshstrap.inventory.machines import Account, Node
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.rules_shapes import counts_for_the_quota, cpus_of
from meshstrap.inventory.tree import Path, Places

CONTROL_PLANE = "control-plane"

KUBEADM_MINIMUM_CPUS = 2
"""kubeadm's preflight check NumCPU (k/k cmd/kubeadm/app/constants, ``ControlPlaneNumCPU``)."""

KUBEADM_MINIMUM_MIB = 1700
"""kubeadm's preflight check Mem (k/k cmd/kubeadm/app/constants, ``ControlPlaneMem``)."""

WORKER_MINIMUM_MIB = 900
"""What kubelet, containerd, Tailscale and Cilium need (600), with some room."""

LARGE_GIB = 64
"""From which size on Oracle Linux keeps more for kdump."""


def one_control_plane(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Exactly one node is the control plane."""
    chosen = [index for index, node in enumerate(inventory.nodes) if node.role == CONTROL_PLANE]
    if not chosen:
        yield places.problem(
            ("nodes",),
            "no node has the role control-plane; exactly one is needed: give one of them role: control-plane"
            if inventory.nodes
            else "the list is empty; a cluster has exactly one control plane, and any number of workers",
        )
    for index in chosen[1:]:
        where = places.where(("nodes", chosen[0], "role"))
        yield places.problem(
            ("nodes", index, "role"),
            f"nodes[{chosen[0]}] ({where}) is the control plane already; this version renders exactly one, "
            "because several would run one etcd between clouds, which needs steady round trips of a few milliseconds; "
            "`invoke explain one-control-plane` says more",
        )


def control_plane_has_enough_cpus(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A control plane with one CPU is refused by kubeadm."""
    if _waived(inventory, "NumCPU", "cpus"):
        return
    for path, node in _control_planes(inventory):
        cpus = cpus_of(node)
        if cpus < KUBEADM_MINIMUM_CPUS:
            message = (
                f"{node.ocpus} OCPU of {node.shape} is {cpus} CPU; a control plane needs {KUBEADM_MINIMUM_CPUS} "
                "(kubeadm's NumCPU). To try it all the same: cluster.waive_preflight: [NumCPU] and "
                "cluster.waive_machine: [cpus]"
            )
            yield places.problem((*path, "ocpus"), message)


def nodes_have_enough_memory(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A control plane with less than 1700 MiB is refused by kubeadm, a worker with less than 900 by its own script."""
    for index, node in enumerate(inventory.nodes):
        preflight, needed = ("Mem", KUBEADM_MINIMUM_MIB) if node.role == CONTROL_PLANE else ("", WORKER_MINIMUM_MIB)
        kept = kdump_mib(node)
        if node.memory_gib * 1024 - kept >= needed or _waived(inventory, preflight, "memory"):
            continue
        whose = f" (kubeadm's {preflight})" if preflight else ""
        waiver = f"cluster.waive_preflight: [{preflight}] and " if preflight else ""
        message = (
            f"{node.memory_gib} GiB is {node.memory_gib * 1024} MiB"
            f"{f', of which Oracle Linux keeps {kept} for kdump' if kept else ''}; "
            f"a {node.role.replace('-', ' ')} needs {needed}{whose}. "
            f"To try it all the same: {waiver}"
            "cluster.waive_machine: [memory]"
        )
        yield places.problem(("nodes", index, "memory_gib"), message)


def kdump_mib(node: Node) -> int:
    """MiB that the kernel keeps for the one that writes crash dumps, and that nothing else can use.

    Oracle Linux 9 and 10 boot with ``crashkernel=1G-64G:448M,64G-:512M``, on OCI's images as on others: the default of
    its kexec-tools, which ``kdumpctl estimate`` prints as 448M on
    https://docs.oracle.com/en/operating-systems/oracle-linux/9/boot/kdump-memory_reservation.html; a machine of 1 GiB
    has 498 MiB left. Ubuntu's and Debian's images keep none.
    """
    if not node.os.startswith("oracle-"):
        return 0
    return 448 if node.memory_gib < LARGE_GIB else 512


def _control_planes(inventory: Inventory) -> Iterator[tuple[Path, Node]]:
    for index, node in enumerate(inventory.nodes):
        if node.role == CONTROL_PLANE:
            yield ("nodes", index), node


def _waived(inventory: Inventory, preflight: str, machine: str) -> bool:
    cluster = inventory.cluster
    return (not preflight or preflight in cluster.waive_preflight) and machine in cluster.waive_machine


def ocpus_fit_the_quota(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The OCPUs of an account's nodes are at most its quota."""
    yield from _over_quota(inventory, places, "ocpus", "OCPUs", ocpus_of_the_quota)


def memory_fits_the_quota(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The memory of an account's nodes is at most its quota."""
    yield from _over_quota(inventory, places, "memory_gib", "GiB of memory", memory_of_the_quota)


def storage_fits_the_quota(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """Boot and block volumes of an account's nodes are at most its quota."""
    yield from _over_quota(inventory, places, "storage_gib", "GiB of storage", storage_gib)


def ocpus_of_the_quota(node: Node) -> int:
    """OCPUs that a node takes of its account's."""
    return node.ocpus if counts_for_the_quota(node) else 0


def memory_of_the_quota(node: Node) -> int:
    """GiB of memory that a node takes of its account's."""
    return node.memory_gib if counts_for_the_quota(node) else 0


def storage_gib(node: Node) -> int:
    """Boot volume and block volume of a node together, GiB."""
    return node.boot_volume_gib + (node.block_volume.size_gib if node.block_volume else 0)


def _over_quota(
    inventory: Inventory, places: Places, field: str, unit: str, amount: Callable[[Node], int]
) -> Iterator[Problem]:
    for index, account in enumerate(inventory.accounts):
        limit = _limit(account, field)
        uses = [(node.name, amount(node)) for node in inventory.nodes if node.account == account.name]
        total = sum(number for _, number in uses)
        if limit is not None and total > limit:
            parts = " + ".join(f"{name} {number}" for name, number in uses)
            message = f"the nodes of account '{account.name}' need {total} {unit} ({parts}), but its quota is {limit}"
            yield places.problem(("accounts", index, "quota", field), message)


def _limit(account: Account, field: str) -> int | None:
    limit: int | None = getattr(account.quota, field) if account.quota is not None else None
    return limit


RULES = (
    one_control_plane,
    control_plane_has_enough_cpus,
    nodes_have_enough_memory,
    ocpus_fit_the_quota,
    memory_fits_the_quota,
    storage_fits_the_quota,
)
