"""firewalld, the firewall of Oracle Linux: real on a Debian machine, since Oracle Linux itself cannot be booted here.

The step is the one of a node of Oracle Linux, run alone: the steps before it would refuse this system.
"""

from __future__ import annotations

import pytest

from meshstrap.verify.netfilter.direct import parse_direct
from meshstrap.verify.netfilter.options import meaning

from .dress import preinstall
from .firewalld import DIRECT, DIRECT_XML, SAVED
from .lab import Lab
from .machine import Machine
from .node import SYSTEMS, lab_inventory, render
from .process import Result
from .vendors import Sources

STEP = "/opt/meshstrap/oracle.sh"
MOMENTS = ("after the step", "after a reload", "after a boot")


@pytest.fixture(scope="module")
def started(shared_lab: Lab, sources: Sources) -> Machine:
    machine = shared_lab.machine("w1")
    # Debian's two do not go together; Oracle's images have both.
    preinstall(machine, shared_lab.cache, "firewalld", instead_of="cloud-init")
    machine.write(DIRECT, DIRECT_XML)
    inventory = lab_inventory(sources).replace(f"arch: amd64, os: {SYSTEMS['trixie']}", "arch: amd64, os: oracle-9")
    machine.write(STEP, render(inventory).script)
    machine.boot()
    machine.run("systemctl", "start", "firewalld").check()
    return machine


@pytest.fixture(scope="module")
def first(started: Machine) -> Result:
    return run_step(started)


@pytest.fixture(scope="module", params=MOMENTS)
def machine(started: Machine, first: Result, request: pytest.FixtureRequest) -> Machine:
    if request.param == MOMENTS[1]:
        firewall(started, "--reload")
    if request.param == MOMENTS[2]:
        started.power_off()
        started.boot()
        started.run("systemctl", "start", "firewalld").check()
    return started


def run_step(machine: Machine, *arguments: str) -> Result:
    return machine.run("bash", STEP, "--only", "host_firewall", *arguments)


def firewall(machine: Machine, *arguments: str) -> list[str]:
    return machine.run("firewall-cmd", *arguments).check().out.split()


def test_the_step_changes_it_once(started: Machine, first: Result) -> None:
    assert (first.code, "changed host_firewall: converged" in first.err) == (0, True), first.err
    again = run_step(started)
    assert (again.code, "ok      host_firewall: converged" in again.err) == (0, True), again.err


@pytest.mark.parametrize("life", [(), ("--permanent",)], ids=["running", "permanent"])
def test_tailnet_and_pods_are_trusted_and_the_port_is_open(machine: Machine, life: tuple[str, ...]) -> None:
    assert sorted(firewall(machine, *life, "--zone=trusted", "--list-interfaces")) == ["cilium_+", "lxc+", "tailscale0"]
    assert firewall(machine, *life, "--zone=trusted", "--list-sources") == []
    assert firewall(machine, *life, "--list-ports") == ["41641/udp"]


def test_what_the_image_allowed_is_as_it_was(machine: Machine) -> None:
    assert machine.read(DIRECT) == DIRECT_XML
    rules = machine.run("iptables-save", "-t", "filter").check().out
    assert SAVED in rules
    expected = [meaning(line) for line in SAVED.splitlines() if "OUTPUT" not in line]
    assert [meaning(line) for line in parse_direct(DIRECT_XML) if "OUTPUT" not in line] == expected
    assert "ssh" in firewall(machine, "--list-services")


def test_the_check_agrees(machine: Machine) -> None:
    assert run_step(machine, "--check").code == 0


def test_the_tailnets_interface_belongs_to_the_zone_that_trusts_all(machine: Machine) -> None:
    assert firewall(machine, "--get-zone-of-interface=tailscale0") == ["trusted"]


def test_a_rule_that_somebody_removed_comes_back(started: Machine, first: Result) -> None:
    firewall(started, "--zone=trusted", "--remove-interface=lxc+")
    assert run_step(started, "--check").code == 1
    assert run_step(started).code == 0
    assert "lxc+" in firewall(started, "--zone=trusted", "--list-interfaces")


def test_where_firewalld_does_not_run_there_is_nothing_to_open(started: Machine, first: Result) -> None:
    started.run("systemctl", "stop", "firewalld").check()
    try:
        outcome = run_step(started)
        assert (outcome.code, "changed=0" in outcome.err) == (0, True)
    finally:
        started.run("systemctl", "start", "firewalld").check()
