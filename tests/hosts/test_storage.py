"""Topic storage: the data volume carries what it should, and no disk is about to be full."""

from __future__ import annotations

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan import BlockVolume
from meshstrap.plan.hosts.names import DATA_USERS, DATA_VOLUME, LEAST_FREE_INODES_PERCENT, least_free_percent
from tests.hosts.reading import fields, unit

MOVE = "drain the node, then: sudo systemctl stop kubelet containerd; move the data as `bootstrap.sh --status` says"
GIB, GB = 2**30, 10**9


def volume_of(machine: Machine) -> BlockVolume:
    assert machine.node.block_volume
    return machine.node.block_volume


def device_number(machine: Machine) -> str:
    found = machine.answers.place(volume_of(machine).device)
    if found is None:
        raise CannotTell(f"{volume_of(machine).device} is not there: attach it in the console with that device path")
    return found.device


@check(
    "root_disk",
    step="machine_supported",
    waiver="disk",
    symptom="packages or images do not fit",
    fix="make the boot volume larger in the console, then: sudo growpart /dev/sda 1 && sudo resize2fs /dev/sda1",
)
def test_the_root_disk_is_large_enough(machine: Machine) -> None:
    found = machine.answers.place("/")
    if found is None:
        raise CannotTell("/ was not measured")
    machine.expect(found.bytes >= machine.node.minimum_disk_gib * GIB, f"{found.bytes / GIB:.1f} GiB")


@check(
    "free_space",
    step="machine_supported",
    symptom="pods are Evicted or Pending, and the node has DiskPressure",
    fix="sudo crictl rmi --prune; sudo journalctl --vacuum-size=500M; sudo du -xh --max-depth=2 / | sort -h | tail",
)
def test_every_file_system_has_room(machine: Machine) -> None:
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


@check(
    "volume",
    step="block_volume",
    symptom="the root disk fills up and pods are evicted, while the volume stays empty",
)
def test_the_volume_is_mounted(machine: Machine) -> None:
    wanted, found = device_number(machine), machine.answers.place(DATA_VOLUME)
    machine.expect(
        found is not None and found.device == wanted,
        f"{DATA_VOLUME} lies on device {found.device if found else 'none'}, {volume_of(machine).device} is {wanted}",
    )


@check(
    "volume_at_boot",
    step="block_volume",
    symptom="after a reboot the volume is not mounted, or the machine does not boot",
)
def test_the_volume_is_mounted_by_uuid_and_never_stops_a_boot(machine: Machine) -> None:
    said = machine.answers.lines(f"probe {volume_of(machine).device}")
    uuid = next((line.removeprefix("UUID=") for line in said if line.startswith("UUID=")), "")
    lines = [words for words in fields(machine.answers.needed_text("/etc/fstab")) if words[1:2] == [DATA_VOLUME]]
    machine.expect(len(lines) == 1, f"{len(lines)} lines of fstab for {DATA_VOLUME}")
    source, _, _, options, *_ = lines[0]
    machine.expect(source == f"UUID={uuid}", f"{source} in fstab, the volume is UUID={uuid}")
    machine.expect("nofail" in options.split(","), f"options {options}")


@check(
    "volume_users",
    step="block_volume",
    symptom="the root disk fills up and pods are evicted, although the volume is mounted",
    fix=MOVE,
)
def test_the_volume_carries_containers_and_pods(machine: Machine) -> None:
    wanted = device_number(machine)
    places = {path: machine.answers.place(path) for path in DATA_USERS}
    elsewhere = [
        f"{path} on device {place.device if place else 'none'}"
        for path, place in places.items()
        if place is None or place.device != wanted
    ]
    machine.expect(not elsewhere, elsewhere)


@check(
    "volume_order",
    step="block_volume",
    symptom="after a boot with a late volume all images and pods are gone, and come back later",
)
def test_nothing_starts_before_the_volume_is_there(machine: Machine) -> None:
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


@check(
    "volume_size",
    step="block_volume",
    symptom="the volume fills up sooner than planned",
    fix="attach the volume of the planned size under the planned device path, or correct size_gib",
)
def test_the_volume_has_the_planned_size(machine: Machine) -> None:
    found = int(machine.answers.said(f"size {volume_of(machine).device}"))
    machine.expect(found >= volume_of(machine).size_gib * GB, f"{found / GB:.0f} GB")
