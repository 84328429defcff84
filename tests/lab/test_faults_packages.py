"""Faults around packages: the run says what is wrong, and goes on by itself when it is over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .disk import Disk
from .faults import (
    dated_ahead,
    locked,
    lose_package,
    nearly_full,
    no_repository,
    retry_soon,
    start_again,
    wait_cured,
    wait_says,
    wait_status,
)
from .lab import Lab
from .machine import Machine
from .node import bootstrap, lab_inventory, render, wait_settled
from .process import run, wait_until
from .statuses import KeptStatus
from .vendors import Sources


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of the machine's own, to be filled; it outlives the lab, which looks there for what was left behind."""
    folder = tmp_path_factory.mktemp("disk")
    made = Disk(folder / "image", folder / "mounted")
    made.format()
    # Without the share that only root may use, and which root would use.
    run(["tune2fs", "-m", "0", str(made.image)]).check()
    made.mount()
    yield made.folder
    # Its loop device goes when the last lab beside this one, which may have copied the mount, lets go of it.
    run(["umount", str(made.folder)]).check()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machine(disk: Path, shared_lab: Lab, sources: Sources) -> Machine:
    """A node that had settled before the faults begin."""
    (shared_lab.folder / "w1").symlink_to(disk)
    made = shared_lab.machine("w1")
    shared_lab.use_distribution(made, sources)
    shared_lab.launch(made, shared_lab.encode(render(lab_inventory(sources)).user_data.text))
    wait_settled(made)
    retry_soon(made)
    return made


def installed(machine: Machine, name: str) -> bool:
    return machine.run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", name).out.startswith("hi")


@pytest.mark.parametrize(
    ("fault", "lock", "seconds"),
    [("apt-lists-locked", "/var/lib/apt/lists/lock", 25), ("dpkg-locked", "/var/lib/dpkg/lock-frontend", 120)],
)
def test_a_lock_of_another_package_manager_is_waited_for_by_its_holders_name(
    machine: Machine, kept_status: KeptStatus, fault: str, lock: str, seconds: int
) -> None:
    lose_package(machine, "kubeadm")
    with locked(machine, lock, seconds):
        start_again(machine)
        said = wait_says(machine, f"waiting for package lock: held: {lock} python3 ", state="waiting")
        kept_status(fault, said)
        assert said["next"] == "an upgrade that holds it ends by itself; else: lslocks"
        assert not installed(machine, "kubeadm")
        cured = wait_cured(machine, seconds + 60)
    assert cured["tries"] == said["tries"], "one run, which waited"
    assert installed(machine, "kubeadm")


def test_a_repository_that_is_down_is_named_and_asked_again(
    machine: Machine, shared_lab: Lab, sources: Sources, kept_status: KeptStatus
) -> None:
    lose_package(machine, "kubeadm")
    with no_repository(shared_lab, sources):
        start_again(machine)
        said = wait_says(machine, "apt-get failed, is tried again (1 of 2): E: Failed to fetch http://apt.lab.test/")
        kept_status("repository-down", said)
        assert said["state"] == "running"
        assert "onnect" in said["message"], "that nobody answers there"
    wait_cured(machine)
    assert installed(machine, "kubeadm")


def test_a_clock_that_is_an_hour_behind_is_told_from_a_bad_repository(
    machine: Machine, sources: Sources, kept_status: KeptStatus
) -> None:
    lose_package(machine, "kubeadm")
    with dated_ahead(sources, "kubernetes", 1):
        start_again(machine)
        said = wait_says(machine, "is not valid yet (invalid for another 5")
        kept_status("clock-behind", said)
        assert "http://apt.lab.test/kubernetes/" in said["message"]
    wait_cured(machine)
    assert installed(machine, "kubeadm")


# The package has 20 MB, its files take 60: it is either not fetched, or not unpacked.
@pytest.mark.parametrize(
    ("fault", "left_kib", "reason"),
    [
        ("disk-too-full-to-fetch", 8_000, "You don't have enough free space in /var/cache/apt/archives/"),
        ("disk-too-full-to-unpack", 32_000, "No space left on device"),
    ],
)
def test_a_disk_that_is_too_full_for_packages_is_named(
    machine: Machine, disk: Path, kept_status: KeptStatus, fault: str, left_kib: int, reason: str
) -> None:
    lose_package(machine, "tailscale")
    with nearly_full(disk, left_kib):
        start_again(machine)
        said = wait_says(machine, reason, state="failed")
        kept_status(fault, said)
        assert said["step"] == "packages"
        assert not installed(machine, "tailscale")
    wait_cured(machine)
    assert installed(machine, "tailscale")


def test_a_disk_without_any_room_does_not_keep_the_reason_from_being_told(machine: Machine, disk: Path) -> None:
    lose_package(machine, "kubeadm")
    with nearly_full(disk, 0):
        # Whatever becomes free is taken at once, as by a log that has run wild.
        glutton = "while :; do cat /dev/zero; sleep 0.05; done >/glutton"
        machine.bash(f"systemd-run --quiet --unit=lab-glutton sh -c '{glutton}'")
        machine.run("systemctl", "start", "meshstrap").check()
        wait_status(
            machine, lambda _: "packages: apt-get failed" in bootstrap(machine, "--status").out, "why, by --status", 120
        )
        told = bootstrap(machine, "--status").out
        assert "No space left on device" in told or "enough free space" in told
        machine.bash("systemctl stop lab-glutton; rm /glutton").check()
    wait_until(lambda: installed(machine, "kubeadm"), "the package", seconds=240)
    # Its file tells of the time before until the disk takes a new one.
    wait_until(lambda: "tailnet: " in bootstrap(machine, "--status").out, "what it says now, not then", seconds=240)
    wait_cured(machine)
