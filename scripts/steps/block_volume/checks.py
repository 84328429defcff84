"""The data volume is mounted, at every boot, and carries what it should."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.inventory import BlockVolume
from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import DATA_USERS, DATA_VOLUME
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import fields, unit

GIB, GB = 2**30, 10**9


def asks(plan: Plan) -> Asked:
    """The devices that any node of the plan has, and what lies on them."""
    devices = sorted({node.block_volume.device for node in plan.nodes if node.block_volume})
    probes = (Question(f"probe {device}", f"blkid --probe --output export {device}") for device in devices)
    sizes = (
        Question(f"size {device}", f"lsblk --noheadings --nodeps --bytes --output SIZE {device}") for device in devices
    )
    return Asked(texts=("/etc/fstab",), places=(DATA_VOLUME, *DATA_USERS, *devices), commands=(*probes, *sizes))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    volume = node.block_volume
    device, size = (volume.device, volume.size_gib) if volume else ("the data volume", 0)
    return {"device": device, "size_gb": size, "users": ", ".join(DATA_USERS)}


TOPIC = Topic("storage", __file__, asks=asks, values=values)


def volume_of(machine: Machine) -> BlockVolume:
    """The planned volume; only a node that has one has the step."""
    return machine.node.block_volume or machine.skip("the plan has no data volume for this node")


def device_number(machine: Machine) -> str:
    """The number of its device, as ``major:minor``."""
    found = machine.answers.place(volume_of(machine).device)
    if found is None:
        raise CannotTell(f"{volume_of(machine).device} is not there: attach it in the console with that device path")
    return found.device


@TOPIC.check()
def the_volume_is_mounted(machine: Machine) -> None:
    wanted, found = device_number(machine), machine.answers.place(DATA_VOLUME)
    machine.expect(
        found is not None and found.device == wanted,
        f"{DATA_VOLUME} lies on device {found.device if found else 'none'}, {volume_of(machine).device} is {wanted}",
    )


@TOPIC.check()
def the_volume_is_mounted_by_uuid_and_never_stops_a_boot(machine: Machine) -> None:
    said = machine.answers.lines(f"probe {volume_of(machine).device}")
    uuid = next((line.removeprefix("UUID=") for line in said if line.startswith("UUID=")), "")
    lines = [words for words in fields(machine.answers.needed_text("/etc/fstab")) if words[1:2] == [DATA_VOLUME]]
    machine.expect(len(lines) == 1, f"{len(lines)} lines of fstab for {DATA_VOLUME}")
    source, _, _, options, *_ = lines[0]
    machine.expect(source == f"UUID={uuid}", f"{source} in fstab, the volume is UUID={uuid}")
    machine.expect("nofail" in options.split(","), f"options {options}")


@TOPIC.check()
def the_volume_carries_containers_and_pods(machine: Machine) -> None:
    wanted = device_number(machine)
    places = {path: machine.answers.place(path) for path in DATA_USERS}
    elsewhere = [
        f"{path} on device {place.device if place else 'none'}"
        for path, place in places.items()
        if place is None or place.device != wanted
    ]
    machine.expect(not elsewhere, elsewhere)


@TOPIC.check()
def nothing_starts_before_the_volume_is_there(machine: Machine) -> None:
    required = {
        name: unit(machine.answers, name).get("RequiresMountsFor", "").split() for name in ("containerd", "kubelet")
    }
    free = [
        f"{name} does not wait for {path}"
        for name, paths in required.items()
        for path in DATA_USERS
        if path not in paths
    ]
    machine.expect(not free, free)


@TOPIC.check()
def the_volume_has_the_planned_size(machine: Machine) -> None:
    found = int(machine.answers.said(f"size {volume_of(machine).device}"))
    machine.expect(found >= volume_of(machine).size_gib * GB, f"{found / GB:.0f} GB")
