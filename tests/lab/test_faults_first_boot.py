"""Faults that a machine is born with: it says so, and converges by its unit's own retries once they are over."""

from __future__ import annotations

from .faults import no_dns, wait_cured, wait_says
from .lab import Lab
from .machine import Machine
from .node import lab_inventory, render, status
from .process import Daemon
from .statuses import KeptStatus
from .vendors import Sources

# A clock is not the lab's to set, nor is its synchronisation: timedatectl's answer is all that the step goes by.
TIMEDATECTL = "#!/bin/sh\nif [ -e /run/synchronised ]; then echo yes; else echo no; fi\n"
# nspawn has mounted /tmp before the machine's own systemd is there.
NOEXEC = """\
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=mount -o remount,nosuid,nodev,noexec /tmp
"""
NO_IPV6 = "net.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv6.conf.default.disable_ipv6 = 1\n"


def fresh(lab: Lab, sources: Sources) -> Machine:
    machine = lab.machine("w1")
    lab.use_distribution(machine, sources)
    return machine


def test_a_name_that_does_not_resolve_is_named_and_the_unit_tries_again(
    lab: Lab, servers: Daemon, sources: Sources, kept_status: KeptStatus
) -> None:
    machine = fresh(lab, sources)
    with no_dns(machine):
        lab.launch(machine, lab.encode(render(lab_inventory(sources)).user_data.text))
        said = wait_says(machine, "apt-get failed, is tried again (1 of 2): E: Failed to fetch http://apt.lab.test/")
        assert "resolving 'apt.lab.test'" in said["message"]
        failed = wait_says(machine, "apt-get failed 2 times", state="failed", seconds=300)
        kept_status("name-does-not-resolve", failed)
        assert "resolving 'apt.lab.test'" in failed["message"]
        assert failed["step"] == "package_sources"
        assert machine.run("cloud-init", "status", "--wait").code in {0, 2}, "cloud-init does not wait for us"
    cured = wait_cured(machine)
    assert cured["tries"] > failed["tries"], "a run of the unit's own"


def test_a_clock_that_is_not_synchronised_is_waited_for(
    lab: Lab, servers: Daemon, sources: Sources, kept_status: KeptStatus
) -> None:
    machine = fresh(lab, sources)
    machine.write("/usr/local/bin/timedatectl", TIMEDATECTL, 0o755)
    inventory = lab_inventory(sources).replace("waive_machine: [clock]", "waive_machine: []")
    lab.launch(machine, lab.encode(render(inventory).user_data.text))
    said = wait_says(machine, "waiting for synchronised clock: clock: not synchronised", state="waiting")
    kept_status("clock-not-synchronised", said)
    assert said["next"] == "timedatectl; chronyc sources"
    assert [step["state"] for step in said["steps"]][1:] == ["pending"] * (len(said["steps"]) - 1)
    machine.write("/run/synchronised", "")
    assert wait_cured(machine)["tries"] == 1, "the same run went on"


def test_neither_ipv6_nor_programs_in_tmp_are_needed(lab: Lab, servers: Daemon, sources: Sources) -> None:
    machine = fresh(lab, sources)
    machine.write("/etc/systemd/system/lab-noexec.service", NOEXEC)
    machine.write("/etc/systemd/system/sysinit.target.d/lab.conf", "[Unit]\nWants=lab-noexec.service\n")
    machine.write("/etc/sysctl.d/01-lab.conf", NO_IPV6)
    # networkd would switch it on again for a link-local address.
    machine.write("/etc/systemd/network/05-lab-ens3.network.d/no-ipv6.conf", "[Network]\nLinkLocalAddressing=no\n")
    lab.launch(machine, lab.encode(render(lab_inventory(sources)).user_data.text))
    wait_cured(machine)
    assert "noexec" in machine.run("findmnt", "--noheadings", "--output", "OPTIONS", "/tmp").out
    assert machine.run("ip", "-6", "address").out == ""
    assert status(machine)["tries"] == 1
