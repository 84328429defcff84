"""What emulated arm64 machines are made of, as far as it is known without one."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from meshstrap.inventory import parse_inventory
from tests.arm64 import binfmt, clock, disk
from tests.arm64.node import arm64_inventory
from tests.arm64.qemu import Hardware
from tests.lab.process import LabError
from tests.lab.vendors import Sources

HARDWARE = Hardware("w1", Path("/lab/w1"), "tap0", "02:00:17:00:00:0b")
COMMAND = HARDWARE.command(datetime.fromisoformat("2026-11-29T18:30:00Z"))


def options(name: str) -> list[str]:
    return [after for word, after in pairwise(COMMAND) if word == f"-{name}"]


def test_an_emulated_machine_looks_like_one_of_oracles() -> None:
    assert options("smbios") == ["type=3,asset=OracleCloud.com"]
    (nic,) = (device for device in options("device") if device.startswith("virtio-net"))
    assert "mac=02:00:17:00:00:0b" in nic
    assert "host_mtu=9000" in nic
    assert "-nodefaults" in COMMAND, "QEMU's own network would be a second NIC"


def test_its_volumes_are_two_disks_of_one_controller_and_the_first_boots() -> None:
    disks = [device for device in options("device") if device.startswith("scsi-hd")]
    assert [device.partition("scsi.0,")[2] for device in disks] == ["scsi-id=0,lun=1,bootindex=0", "scsi-id=0,lun=2"]
    files = [drive for drive in options("drive") if "format=qcow2" in drive]
    assert ["file=/lab/w1/boot.qcow2" in files[0], "file=/lab/w1/block.qcow2" in files[1]] == [True, True]


def test_its_clock_is_what_it_is_told() -> None:
    assert options("rtc") == ["base=2026-11-29T18:30:00"]


def test_its_console_outlives_a_boot() -> None:
    assert "file,id=console,path=/lab/w1/console.log,append=on" in options("chardev")


def test_the_firmware_finds_the_boot_loader_and_the_boot_loader_the_kernel() -> None:
    settings = disk.grub_settings("6.12.0-cloud-arm64")
    assert "linux /boot/vmlinuz-6.12.0-cloud-arm64 root=LABEL=root" in settings
    assert "initrd /boot/initrd.img-6.12.0-cloud-arm64" in settings
    assert "size=64MiB, type=uefi" in disk.partition_table()


def test_its_worker_is_anybodys_and_nothing_is_waived() -> None:
    inventory = parse_inventory(arm64_inventory(Sources(Path("/web"), "A" * 40)), "lab.yaml")
    assert list(inventory.cluster.waive_machine) == []
    assert {node.arch for node in inventory.nodes} == {"arm64"}


def test_a_time_server_repeats_what_it_was_asked_and_says_the_time() -> None:
    question = bytes([0x23]) + bytes(39) + b"12345678"
    said = clock.answer(question, 1.5)
    assert (len(said), said[0], said[24:32]) == (48, 0x24, b"12345678")
    # RFC 5905: 1 January 1970 is 2208988800 s after the era's beginning; half a second is 2**31 parts.
    assert said[32:40] == said[40:48] == (2_208_988_801).to_bytes(4, "big") + (2**31).to_bytes(4, "big")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the kernel is told who starts programs of other processors; QEMU's word for it is there."""
    setting = tmp_path / "qemu-aarch64.conf"
    setting.write_text(":qemu-aarch64:M::magic:mask:interpreter:OPF\n")
    (tmp_path / "register").write_text("")
    monkeypatch.setattr(binfmt, "PLACE", tmp_path)
    monkeypatch.setattr(binfmt, "SETTING", setting)
    return tmp_path


def test_arm64_programs_run_only_as_long_as_they_are_needed(kernel: Path) -> None:
    with binfmt.arm64_programs():
        assert (kernel / "register").read_text() == ":qemu-aarch64:M::magic:mask:interpreter:OPF"
        assert not (kernel / "qemu-aarch64").exists()
    assert (kernel / "qemu-aarch64").read_text() == "-1"


def test_a_machine_that_could_run_them_before_can_afterwards(kernel: Path) -> None:
    (kernel / "qemu-aarch64").write_text("enabled\n")
    with binfmt.arm64_programs():
        pass
    assert (kernel / "qemu-aarch64").read_text() == "enabled\n"
    assert (kernel / "register").read_text() == ""


def test_without_the_emulator_it_is_said_what_to_install(kernel: Path) -> None:
    binfmt.SETTING.unlink()
    with pytest.raises(LabError, match="install qemu-user-static"), binfmt.arm64_programs():
        pass
