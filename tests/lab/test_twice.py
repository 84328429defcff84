"""A second run on a converged machine: nothing is changed, nothing written, nothing restarted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .dress import launch_dressed, rest, volume
from .lab import Lab
from .machine import Machine
from .node import SCRIPT, status
from .twice import RESTLESS, Run, up_to_the_tailnet, watch
from .vendors import Sources

COPY = "/var/log/second.sh"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with volume(tmp_path_factory.mktemp("volume") / "image") as node:
        yield node


# The device comes before the lab, so that it goes after the machine that holds it.
@pytest.fixture(scope="module")
def machine(device: str, shared_lab: Lab, sources: Sources) -> Machine:
    """Converged by its first boot, and at rest."""
    machine = launch_dressed(shared_lab, sources, device)
    machine.run("cloud-init", "status", "--wait")
    rest(machine)
    machine.run("systemctl", "stop", RESTLESS).check()
    machine.write(COPY, up_to_the_tailnet(machine.read(SCRIPT)))
    return machine


@pytest.fixture(scope="module")
def second(machine: Machine) -> Run:
    return watch(machine, COPY)


def test_the_second_run_reports_no_change(machine: Machine, second: Run) -> None:
    assert second.result.code == 0
    assert {level for step, level in second.levels.items() if step != "-"} == {"ok"}
    assert second.result.err.splitlines()[-1].endswith(" steps, changed=0")
    assert status(machine)["state"] == "converged"


def test_the_second_run_writes_no_file_but_the_status(second: Run) -> None:
    assert second.written == ()


def test_the_second_run_restarts_no_unit(second: Run) -> None:
    assert second.restarted == ()


def test_a_check_writes_not_even_the_status(machine: Machine) -> None:
    before = machine.run("stat", "/var/lib/meshstrap/status.json").out
    assert machine.run("bash", COPY, "--check").code == 0
    assert machine.run("stat", "/var/lib/meshstrap/status.json").out == before


# Last, since it changes the machine: what shows that the looking above would have seen something.
def test_a_run_that_changes_something_is_seen(machine: Machine) -> None:
    machine.write("/etc/containerd/config.toml", "version = 3\n")
    third = watch(machine, COPY)
    assert third.levels["containerd"] == "changed"
    assert "/etc/containerd/config.toml" in third.written
    assert "/etc/containerd/config.toml#content" in third.written
    assert third.restarted == ("containerd.service",)
