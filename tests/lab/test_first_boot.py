"""A pasted file, a cloud's metadata, cloud-init, and a machine on its own: with each cloud-init that there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from .lab import Lab
from .machine import Machine
from .node import LAST_STEP, SYSTEMS, check_steps, lab_inventory, render, status, wait_settled
from .process import wait_until
from .vendors import Sources

# Of a machine without an iSCSI root volume cloud-init says on Oracle's cloud, too, and goes on.
HARMLESS = "Could not obtain network configuration from initramfs"
DATASOURCES = {"trixie": "oracle", "sid": "oracle", "bookworm": "nocloud"}

PASTED = [pytest.param((suite, False), id=f"{suite}, pasted") for suite in DATASOURCES]
PACKED = [pytest.param((suite, True), id=f"{suite}, packed") for suite in DATASOURCES]

both_forms = pytest.mark.parametrize("booted", [*PASTED, *PACKED], indirect=True)
pasted_form = pytest.mark.parametrize("booted", PASTED, indirect=True)


@dataclass(frozen=True)
class Booted:
    """A machine whose first boot is over, and whose node waits for a tailnet."""

    suite: str
    machine: Machine


@pytest.fixture(scope="module")
def booted(request: pytest.FixtureRequest, shared_lab: Lab, sources: Sources) -> Iterator[Booted]:
    suite, packed = request.param
    machine = shared_lab.machine(f"{suite}-{'b64' if packed else 'yaml'}", suite=suite)
    shared_lab.use_distribution(machine, sources)
    user_data = render(lab_inventory(sources, suite)).user_data
    start = shared_lab.launch if DATASOURCES[suite] == "oracle" else shared_lab.launch_from_seed
    start(machine, user_data.b64 if packed else shared_lab.encode(user_data.text))
    wait_settled(machine)
    yield Booted(suite, machine)
    machine.kill()


def cloud_init_is_done(machine: Machine) -> bool:
    return machine.run("systemctl", "is-active", "cloud-final").out.strip() == "active"


def wait_for_cloud_init(machine: Machine) -> str:
    """What cloud-init says of itself when it has ended."""
    wait_until(lambda: cloud_init_is_done(machine), f"{machine.name}: the end of cloud-init", seconds=120)
    return machine.run("cloud-init", "status", "--long").out


@both_forms
def test_cloud_init_finds_the_user_data_where_the_cloud_has_it(booted: Booted) -> None:
    assert booted.machine.run("cloud-id").out.strip() == DATASOURCES[booted.suite]


@both_forms
def test_cloud_init_ends_without_a_warning_of_ours(booted: Booted) -> None:
    assert "status: done" in wait_for_cloud_init(booted.machine)
    log = booted.machine.read("/var/log/cloud-init.log").splitlines()
    assert [line for line in log if ("WARN" in line or "ERROR" in line) and HARMLESS not in line] == []


@both_forms
def test_a_machine_converges_up_to_the_tailnet(booted: Booted, record_property: Callable[[str, object], None]) -> None:
    assert {line.split()[1] for line in check_steps(booted.machine)} == {"ok"}
    assert status(booted.machine)["node"] == "w1"
    if booted.suite != "sid":
        record_property("proven", [SYSTEMS[booted.suite], "amd64", "steps", f"up to `{LAST_STEP}`"])


@both_forms
def test_neither_cloud_init_nor_the_boot_waits_for_the_node(booted: Booted) -> None:
    holds_nothing_up(booted.machine)


@both_forms
def test_cloud_init_has_ended_while_the_node_is_still_at_work(booted: Booted) -> None:
    wait_for_cloud_init(booted.machine)
    ended = booted.machine.run(
        "systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--value", "cloud-final"
    )
    log = booted.machine.run("journalctl", "--boot", "--unit=meshstrap", "--output=json").out.splitlines()
    changes = [entry for entry in map(json.loads, log) if " changed " in str(entry["MESSAGE"])]
    assert len(changes) > 5
    assert int(ended.out) < int(changes[-1]["__MONOTONIC_TIMESTAMP"])


@both_forms
def test_the_script_is_unpacked_once(booted: Booted) -> None:
    listed = booted.machine.bash("stat -c '%a %n' /opt/meshstrap/*").out.splitlines()
    assert listed == ["755 /opt/meshstrap/bootstrap.sh"], "what unpacks is gone, with what it held"


@pasted_form
def test_after_a_reboot_the_node_goes_on_by_itself(booted: Booted) -> None:
    machine = booted.machine
    ask = "stat -c %Y%i /opt/meshstrap/bootstrap.sh /etc/systemd/system/meshstrap.service"
    files, before = machine.bash(ask).out, status(machine)
    machine.power_off()
    machine.boot()
    wait_until(lambda: status(machine)["started"] != before["started"], "a run after the reboot", seconds=60)
    state = wait_settled(machine)
    reached = [step["state"] for step in state["steps"] if step["state"] != "pending"][:-1]
    assert set(reached) == {"ok"}, "nothing was to be changed again"
    assert "status: done" in wait_for_cloud_init(machine)
    assert machine.bash(ask).out == files, "cloud-init wrote its files a second time"
    holds_nothing_up(machine)


def holds_nothing_up(machine: Machine) -> None:
    """The boot is over and cloud-init has ended, while the node still works or waits."""
    wait_for_cloud_init(machine)
    wait_until(
        lambda: machine.run("systemctl", "is-active", "multi-user.target").code == 0, "the end of the boot", seconds=60
    )
    unit = machine.run("systemctl", "show", "--property=ActiveState,SubState,UnitFileState", "meshstrap").out
    assert "UnitFileState=enabled" in unit
    # Between two tries it is "activating (auto-restart)".
    assert "ActiveState=active" in unit or "SubState=auto-restart" in unit
    assert status(machine)["state"] in {"running", "waiting"}
    assert json.loads(machine.run("systemctl", "list-jobs", "--output=json").out or "[]") == []
