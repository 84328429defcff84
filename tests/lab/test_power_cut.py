"""The power is cut, and what was not synced is lost: at every step boundary, in the middle, and at random moments."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .disk import Disk, Volume
from .interrupt import FIRST_LINE, Calm, first_boot
from .lab import Lab
from .moments import MOMENTS, Moment, random_moments
from .process import Daemon, run
from .vendors import Sources

# The inventory is not at hand while tests are collected; that this is all of them is a test of its own.
STEPS = (
    "machine_supported hostname swap_off kernel_modules kernel_sysctls block_volume host_firewall package_sources "
    "packages containerd mesh_guards"
).split()


def test_a_cut_loses_what_a_machine_has_not_synced(lab: Lab, servers: Daemon, calm: Calm) -> None:
    node = calm.machine(lab)
    node.wait_for_log(FIRST_LINE)
    write = "cd /root; echo here >synced; sync synced .; echo here >lost; cat lost"
    assert node.machine.bash(write).check().out == "here\n"
    node.cut()
    assert node.machine.read("/root/synced") == "here\n"
    with pytest.raises(FileNotFoundError):
        node.machine.read("/root/lost")


def test_a_cut_leaves_a_new_file_empty_whose_content_was_not_synced(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "image", tmp_path / "disk")
    disk.format()
    disk.mount()
    (disk.folder / "new").write_text("here")
    (disk.folder / "other").write_text("here")
    run(["sync", str(disk.folder / "other")]).check()
    disk.cut()
    disk.unmount()
    disk.mount()
    found = {path.name: path.read_text() for path in disk.folder.iterdir() if path.is_file()}
    disk.unmount()
    assert found == {"new": "", "other": "here"}


def test_a_cut_loses_what_was_not_synced_to_a_volume(tmp_path: Path) -> None:
    volume = Volume(tmp_path / "image", 1)
    volume.attach()
    with volume.device.open("r+b", buffering=0) as device:
        device.write(b"here")
        copy = volume.copy()
    volume.exchange(copy)
    assert volume.device.read_bytes()[:4] == b"\0" * 4
    volume.detach()


def test_these_are_all_steps_that_the_lab_can_hold_a_machine_to(calm: Calm) -> None:
    assert calm.steps == tuple(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_machine_whose_power_is_cut_after_a_step_converges_at_the_next_boot(
    lab: Lab, servers: Daemon, calm: Calm, step: str
) -> None:
    node = calm.machine(lab)
    node.wait_for_log(f" {step}: converged$")
    node.cut()
    node.boot()
    assert calm.differs(node) == []


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_machine_whose_power_is_cut_in_the_middle_of_what_takes_long_converges_at_the_next_boot(
    lab: Lab, servers: Daemon, calm: Calm, moment: Moment
) -> None:
    node = calm.machine(lab)
    with moment.reached(node, servers):
        node.cut()
    node.boot()
    assert calm.differs(node) == []


def test_a_machine_whose_power_is_cut_as_its_very_first_run_begins_converges_at_the_next_boot(
    lab: Lab, servers: Daemon, calm: Calm, sources: Sources
) -> None:
    node = first_boot(lab, calm.rendered, sources)
    node.wait_for_log(FIRST_LINE)
    node.cut()
    node.boot()
    assert calm.differs(node) == []


@pytest.mark.parametrize("machine", range(3))
def test_a_machine_whose_power_is_cut_at_random_moments_converges(
    lab: Lab, servers: Daemon, calm: Calm, machine: int, seed: str
) -> None:
    node = calm.machine(lab)
    for moment, _ in random_moments(f"MESHSTRAP_LAB_SEED={seed} cut {machine}", calm.seconds):
        node.wait_for_log(FIRST_LINE)
        time.sleep(moment)
        node.cut()
        node.boot()
    assert calm.differs(node) == []
