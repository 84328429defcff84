"""Topic storage, on every machine: the root disk, and room on every file system."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import DATA_USERS, DATA_VOLUME, LEAST_FREE_INODES_PERCENT, least_free_percent
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked

GIB, GB = 2**30, 10**9


def asks(plan: Plan) -> Asked:
    """File systems."""
    del plan
    return Asked(places=("/", DATA_VOLUME, *DATA_USERS))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {"root_gib": least_root_gib(node)}


TOPIC = Topic("storage", __file__, asks=asks, values=values)


@TOPIC.check(step="machine_supported", waiver="disk")
def the_root_disk_is_large_enough(machine: Machine) -> None:
    found = machine.answers.place("/")
    if found is None:
        raise CannotTell("/ was not measured")
    machine.expect(found.bytes >= least_root_gib(machine.node) * GIB, f"{found.bytes / GIB:.1f} GiB")


def least_root_gib(node: NodePlan) -> int:
    """GiB that the root file system has at the least on a boot volume that is used to its end.

    Oracle Linux's images keep 15 of it for /var/oled and 2 for /boot and EFI; a file system keeps 2 % for itself.
    """
    return max(node.minimum_disk_gib, int(node.boot_volume_gib * 0.98) - 17)


@TOPIC.check(step="machine_supported")
def every_file_system_has_room(machine: Machine) -> None:
    least = least_free_percent(machine.plan, machine.node)
    places = {path: machine.answers.place(path) for path in ("/", DATA_VOLUME, *DATA_USERS)}
    by_device = {space.device: (path, space) for path, space in reversed(places.items()) if space}
    full = [
        f"{path}: {percent(space.free, space.bytes):.1f} % free, "
        f"{percent(space.free_inodes, space.inodes):.1f} % of inodes"
        for path, space in by_device.values()
        if percent(space.free, space.bytes) < least
        or percent(space.free_inodes, space.inodes) < LEAST_FREE_INODES_PERCENT
    ]
    machine.expect(not full, full, f"{least} % free, and {LEAST_FREE_INODES_PERCENT} % of the inodes")


def percent(part: int, whole: int) -> float:
    """How much of a whole; a file system that counts no inodes has enough of them."""
    return 100 * part / whole if whole else 100.0
