"""Volumes that are not what the plan says: no byte of somebody's data changes, and the right one is taken later."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .disk import Volume
from .dress import VOLUME, attach
from .faults import content, start_again, wait_cured, wait_says
from .lab import Lab
from .machine import Machine
from .node import lab_inventory, render
from .process import run
from .statuses import KeptStatus
from .vendors import Sources

ATTACH = "attach it in the console"

NOT_BLANK, NOT_OURS = f"{VOLUME} is not blank", "nor labelled meshstrap: nothing was written"
SIZES = {"filesystem": 50, "partitions": 50, "small": 10, "blank": 50}
# A table of the old kind with one partition of 1 GiB: status, its ends as the BIOS counts, type, first sector, sectors.
PARTITIONS = (
    bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0x83, b"\xff" * 3, 2048, 2**21) + bytes(48) + b"\x55\xaa"
)


@dataclass
class Volumes:
    """A machine with volumes to choose from; which of them has the device path of the plan, the console decides."""

    machine: Machine
    made: dict[str, Volume]

    def offer(self, name: str, path: str = VOLUME) -> None:
        """Attach one of them, in the place of any other."""
        folder = Path(path).parent
        link = f"ln -s {self.made[name].device} {path}" if name else ":"
        self.machine.bash(f"mkdir -p {folder}; rm -f {folder}/*; {link}").check()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Volume]]:
    """Loop devices: one with somebody's file system, one with somebody's partitions, a small one, a blank one."""
    folder = tmp_path_factory.mktemp("volumes")
    volumes = {name: Volume(folder / name, gib) for name, gib in SIZES.items()}
    run(["mkfs.ext4", "-q", "-F", "-L", "photos", "-E", "lazy_itable_init=1", str(folder / "filesystem")]).check()
    with (folder / "partitions").open("r+b") as file:
        file.write(PARTITIONS)
    for volume in volumes.values():
        volume.attach()
    yield volumes
    for volume in volumes.values():
        volume.detach()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def volumes(made: dict[str, Volume], shared_lab: Lab, sources: Sources) -> Volumes:
    """A machine on its first boot, with none of them attached."""
    machine = shared_lab.machine("w1")
    shared_lab.use_distribution(machine, sources)
    for volume in made.values():
        attach(machine, str(volume.device), "/dev/lab-unused")
    retry = machine.root / "etc/systemd/system/meshstrap.service.d"
    retry.mkdir(parents=True)
    (retry / "lab.conf").write_text("[Service]\nRestartSec=3s\n")
    node = f", block_volume: {{device: {VOLUME}, size_gib: 50, format: true}}"
    shared_lab.launch(machine, shared_lab.encode(render(lab_inventory(sources, node=node)).user_data.text))
    wait_says(machine, "block volume")
    return Volumes(machine, made)


def test_a_volume_that_is_missing_is_waited_for(volumes: Volumes, kept_status: KeptStatus) -> None:
    volumes.offer("")
    start_again(volumes.machine)
    said = wait_says(volumes.machine, f"waiting for block volume at {VOLUME}", state="waiting")
    kept_status("volume-missing", said)
    assert said["next"].startswith(ATTACH)


def test_a_volume_under_another_name_is_not_taken_for_it(volumes: Volumes, kept_status: KeptStatus) -> None:
    before = content(volumes.made["blank"].image)
    volumes.offer("blank", "/dev/oracleoci/oraclevdc")
    start_again(volumes.machine)
    said = wait_says(volumes.machine, f"waiting for block volume at {VOLUME}", state="waiting")
    kept_status("volume-under-another-name", said)
    assert said["next"].startswith(ATTACH)
    assert content(volumes.made["blank"].image) == before


@pytest.mark.parametrize(
    ("fault", "name", "message"),
    [
        (
            "volume-with-a-file-system",
            "filesystem",
            f"{NOT_BLANK} (ext4 photos ), {NOT_OURS}",
        ),
        (
            "volume-with-partitions",
            "partitions",
            f"{NOT_BLANK} (dos ), {NOT_OURS}",
        ),
        ("volume-of-another-size", "small", f"{VOLUME} has 10 GB, not 50: nothing was written"),
    ],
)
def test_a_volume_that_is_not_the_planned_one_is_named_and_not_written(
    volumes: Volumes, kept_status: KeptStatus, fault: str, name: str, message: str
) -> None:
    before = content(volumes.made[name].image)
    volumes.offer(name)
    start_again(volumes.machine)
    said = wait_says(volumes.machine, message, state="failed")
    kept_status(fault, said)
    assert volumes.machine.bash(said["next"]).code == 0, "what it says to do can be done"
    tries = said["tries"]
    assert wait_says(volumes.machine, message, state="failed")["tries"] >= tries
    volumes.machine.run("systemctl", "stop", "meshstrap").check()
    run(["blockdev", "--flushbufs", str(volumes.made[name].device)]).check()
    assert content(volumes.made[name].image) == before


def test_the_right_volume_is_taken_when_it_comes_without_anybodys_help(volumes: Volumes) -> None:
    volumes.offer("")
    start_again(volumes.machine)
    tries = wait_says(volumes.machine, "waiting for block volume", state="waiting")["tries"]
    volumes.offer("blank")
    assert wait_cured(volumes.machine)["tries"] == tries, "the same run went on"
    assert volumes.machine.run("findmnt", "/var/lib/containerd").code == 0


def test_a_volume_that_is_renamed_later_is_found_by_its_label(volumes: Volumes) -> None:
    """Relies on the test before it: the volume is in use."""
    machine = volumes.machine
    machine.write("/var/lib/containerd/somebodys", "data\n")
    volumes.offer("blank", "/dev/oracleoci/oraclevdc")
    start_again(machine)
    wait_cured(machine)
    assert machine.read("/var/lib/containerd/somebodys") == "data\n"
    assert machine.run("findmnt", "/var/lib/containerd").code == 0
