"""Debian 13 for arm64 with a kernel, a firmware and a clock of its own: from pasted user-data up to the tailnet."""

from __future__ import annotations

import pytest

from tests.lab.lab import Lab
from tests.lab.node import LAST_STEP, Rendered, check_steps, lab_inventory, render, settled, status, wait_settled
from tests.lab.process import wait_until
from tests.lab.twice import up_to_the_tailnet, watch
from tests.lab.vendors import Sources

from .machine import BOOT_SECONDS, LOGIN, LOOK_EVERY, VOLUME_GIB, EmulatedMachine

VOLUME = "/dev/oracleoci/oraclevdb"
DATA = "/var/lib/meshstrap-data"


@pytest.fixture(scope="module")
def rendered(sources: Sources) -> Rendered:
    """A worker as anybody has it: nothing is waived."""
    volume = f"block_volume: {{device: {VOLUME}, size_gib: {VOLUME_GIB}, format: true}}"
    inventory = lab_inventory(sources, node=f", login_user: {LOGIN}, {volume}")
    return render(
        inventory.replace("arch: amd64", "arch: arm64").replace("waive_machine: [clock]", "waive_machine: []")
    )


@pytest.fixture(scope="module")
def booted(lab: Lab, machine: EmulatedMachine, rendered: Rendered) -> EmulatedMachine:
    """A machine whose first boot is over, and whose node waits for a tailnet."""
    public = machine.key.with_suffix(".pub").read_text().strip()
    lab.serve_metadata(machine, lab.encode(rendered.user_data.text), public)
    machine.boot()
    wait_settled(machine, BOOT_SECONDS, every=LOOK_EVERY)
    return machine


def test_it_is_an_arm64_machine_of_the_cloud_with_a_kernel_of_its_own(booted: EmulatedMachine) -> None:
    assert booted.run("uname", "-m").out == "aarch64\n"
    assert booted.run("stat", "-f", "-c", "%T", "/sys/fs/cgroup").out == "cgroup2fs\n"
    assert booted.run("cloud-id").out == "oracle\n"
    # Nobody has told cloud-init which cloud this is: it has looked at the machine's DMI data.
    assert booted.run("grep", "--recursive", "^datasource_list", "/etc/cloud").out == ""


def test_every_step_up_to_the_tailnet_holds(booted: EmulatedMachine) -> None:
    assert {line.split()[1] for line in check_steps(booted)} == {"ok"}


def test_the_root_file_system_has_the_whole_boot_volume(booted: EmulatedMachine) -> None:
    assert int(booted.run("df", "--output=size", "--block-size=1G", "/").out.split()[-1]) >= VOLUME_GIB - 2


def test_the_data_volume_is_found_by_the_clouds_name(booted: EmulatedMachine) -> None:
    assert mounted(booted) == booted.run("readlink", "-f", VOLUME).out


def mounted(machine: EmulatedMachine) -> str:
    """The device that holds the data."""
    return machine.run("findmnt", "--noheadings", "--output=SOURCE", "--first-only", DATA).out


def test_a_second_run_changes_nothing(booted: EmulatedMachine, rendered: Rendered) -> None:
    path = "/root/up-to-the-tailnet.sh"
    booted.write(path, up_to_the_tailnet(rendered.script), 0o755)
    booted.run("systemctl", "stop", "meshstrap").check()
    ran = watch(booted, path)
    booted.run("systemctl", "start", "--no-block", "meshstrap").check()
    assert (ran.result.code, set(ran.levels.values()), ran.written) == (0, {"ok"}, ()), ran.result.err


def test_after_a_power_cut_the_node_goes_on_by_itself(booted: EmulatedMachine) -> None:
    """What the kernel had not written is lost, and the volumes may come back under each other's names."""
    assert booted.bash("echo here >/root/lost; cat /root/lost").out == "here\n"
    before = status(booted)["started"]
    booted.kill()
    booted.boot()
    wait_until(
        lambda: status(booted)["started"] != before, "a run after the cut", seconds=BOOT_SECONDS, every=LOOK_EVERY
    )
    state = wait_settled(booted, BOOT_SECONDS, every=LOOK_EVERY)
    assert settled(state, LAST_STEP)
    with pytest.raises(FileNotFoundError):
        booted.read("/root/lost")
    assert {line.split()[1] for line in check_steps(booted)} == {"ok"}
    assert mounted(booted) == booted.run("readlink", "-f", VOLUME).out
    assert booted.run("systemctl", "list-units", "--state=failed", "--plain", "--no-legend").out == ""
