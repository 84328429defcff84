"""Debian 13 for arm64 with a kernel, a firmware and a clock of its own: from pasted user-data up to the tailnet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meshstrap.verify.arrival import HAS_CONVERGED
from tests.lab.lab import Lab
from tests.lab.node import LAST_STEP, Rendered, render, status
from tests.lab.process import wait_until
from tests.lab.support import EMULATED
from tests.lab.twice import up_to_the_tailnet, watch
from tests.lab.vendors import Sources
from tests.lab.verifying import ROOT, Ssh, bad

from .machine import BOOT_SECONDS, LOOK_EVERY, VOLUME_GIB, EmulatedMachine
from .node import VOLUME, arm64_inventory, failed_units, launch, levels, mounted, settle, wait_for_run


@pytest.fixture(scope="module")
def inventory(sources: Sources) -> str:
    return arm64_inventory(sources)


@pytest.fixture(scope="module")
def rendered(inventory: str) -> Rendered:
    return render(inventory)


@pytest.fixture(scope="module")
def booted(lab: Lab, machine: EmulatedMachine, rendered: Rendered) -> EmulatedMachine:
    """A machine whose first boot is over, and whose node waits for a tailnet."""
    launch(lab, machine, rendered)
    settle(machine)
    return machine


def test_it_is_an_arm64_machine_of_the_cloud_with_a_kernel_of_its_own(booted: EmulatedMachine) -> None:
    assert booted.run("uname", "-m").out == "aarch64\n"
    assert booted.run("stat", "-f", "-c", "%T", "/sys/fs/cgroup").out == "cgroup2fs\n"
    assert booted.run("cloud-id").out == "oracle\n"
    # Nobody has told cloud-init which cloud this is: it has looked at the machine's DMI data.
    assert booted.run("grep", "--recursive", "^datasource_list", "/etc/cloud").out == ""


def test_every_step_up_to_the_tailnet_holds(
    booted: EmulatedMachine, record_property: Callable[[str, object], None]
) -> None:
    assert levels(booted) == {"ok"}
    record_property("proven", ["debian-13", "arm64", "steps", f"{EMULATED}up to `{LAST_STEP}`"])


def test_the_root_file_system_has_the_whole_boot_volume(booted: EmulatedMachine) -> None:
    assert int(booted.run("df", "--output=size", "--block-size=1G", "/").out.split()[-1]) >= VOLUME_GIB - 2


def test_the_data_volume_is_found_by_the_clouds_name(booted: EmulatedMachine) -> None:
    assert mounted(booted) == booted.run("readlink", "-f", VOLUME).out


@pytest.fixture(scope="module")
def resting(booted: EmulatedMachine) -> EmulatedMachine:
    """The same machine at the step that waits, with its unit stopped: it makes no new try before the next boot."""

    def waits() -> bool:
        return bool(status(booted)["step"] == "tailnet")

    wait_until(waits, f"{booted.name} at the tailnet", seconds=BOOT_SECONDS, every=LOOK_EVERY)
    booted.run("systemctl", "stop", "meshstrap").check()
    return booted


def test_a_person_who_watches_over_ssh_sees_what_the_node_does(
    resting: EmulatedMachine, inventory: str, tmp_path: Path
) -> None:
    place = tmp_path / "cluster.yaml"
    place.write_text(inventory)
    flags = (f"--inventory={place}", f"--ssh-config={reached(resting, tmp_path).config}")
    command = [sys.executable, "-m", "invoke", "watch", *flags, "--once", "--json"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    seen = {sight["node"]: sight for sight in json.loads(said.stdout)}
    assert seen["w1"]["state"] in {"running", "waiting"}, said
    assert seen["w1"]["step"] == "tailnet", said


def test_a_verification_over_ssh_finds_nothing_but_a_node_that_waits_for_its_tailnet(
    resting: EmulatedMachine, inventory: str, tmp_path: Path
) -> None:
    assert set(bad(reached(resting, tmp_path), inventory, "w1")) == {HAS_CONVERGED}


def reached(machine: EmulatedMachine, folder: Path) -> Ssh:
    ssh = Ssh(folder / "ssh", machine.login, key=machine.key)
    ssh.knows(machine)
    return ssh


def test_a_second_run_changes_nothing(resting: EmulatedMachine, rendered: Rendered) -> None:
    path = "/root/up-to-the-tailnet.sh"
    resting.write(path, up_to_the_tailnet(rendered.script), 0o755)
    ran = watch(resting, path)
    assert (ran.result.code, set(ran.levels.values()), ran.written) == (0, {"ok"}, ()), ran.result.err


def test_after_a_clean_reboot_the_node_goes_on_by_itself(booted: EmulatedMachine) -> None:
    before = status(booted)["started"]
    booted.power_off()
    booted.boot()
    goes_on(booted, before)


def test_after_a_power_cut_the_node_goes_on_by_itself(booted: EmulatedMachine) -> None:
    """What the kernel had not written is lost."""
    assert booted.bash("echo here >/root/lost; cat /root/lost").out == "here\n"
    before = status(booted)["started"]
    booted.kill()
    booted.boot()
    goes_on(booted, before)
    with pytest.raises(FileNotFoundError):
        booted.read("/root/lost")
    assert levels(booted) == {"ok"}


def goes_on(machine: EmulatedMachine, before: object) -> None:
    """A run of this boot finds every step as it should be, whatever names the kernel has given to the volumes."""
    wait_for_run(machine, before)
    state = settle(machine)
    names = [step["name"] for step in state["steps"]]
    assert {step["state"] for step in state["steps"][: names.index(LAST_STEP) + 1]} == {"ok"}
    assert mounted(machine) == machine.run("readlink", "-f", VOLUME).out
    assert failed_units(machine) == ""
