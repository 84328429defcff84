"""`invoke adopt` on a machine with users, packages, a service and a firewall of its own, born with other user-data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from meshstrap.errors import AdoptionRefused

from .dress import reboot, rest
from .lab import Lab
from .lived import AUTH_KEY, BORN, HELD, OWNERS_FILES, OWNERS_RULES, PAGE, SHUT, WEB, Lived, lived_in
from .node import bootstrap, check_steps, status, wait_settled
from .process import wait_until
from .twice import files, starts
from .vendors import Sources

# In order: each test goes on where the one before it has left the machine.


@pytest.fixture(scope="module")
def lived(shared_lab: Lab, sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived_in(shared_lab, sources, tmp_path_factory.mktemp("lived"))


@pytest.fixture(scope="module")
def owned(lived: Lived) -> dict[str, str]:
    """What is the owner's, before anything of ours is there."""
    return {path: lived.machine.read(path) for path in OWNERS_FILES}


def live_rules(lived: Lived) -> list[str]:
    """The firewall's own rules as they are now, in their order."""
    known = set(OWNERS_RULES.splitlines())
    return [rule for rule in lived.machine.run("iptables", "-S").check().out.splitlines() if rule in known]


def still_the_owners(lived: Lived, owned: dict[str, str]) -> None:
    machine = lived.machine
    assert {path: machine.read(path) for path in OWNERS_FILES} == owned
    assert PAGE in lived.get(WEB)
    assert "refused" in lived.get(SHUT)
    assert live_rules(lived) == [rule for rule in OWNERS_RULES.splitlines() if rule.startswith("-A")]
    assert "-P INPUT DROP\n-P FORWARD DROP\n" in machine.run("iptables", "-S").out
    assert HELD in machine.run("apt-mark", "showhold").out.split()
    assert machine.run("findmnt", "/srv/scratch").code == 0


def test_the_owners_machine_is_as_its_owner_wants_it(lived: Lived, owned: dict[str, str]) -> None:
    """So that what is held to later could fail."""
    assert lived.machine.run("hostname").out == "web-1\n"
    still_the_owners(lived, owned)


def test_what_is_in_the_way_is_named_and_nothing_is_changed(lived: Lived) -> None:
    machine = lived.machine
    machine.write("/var/lib/rancher/k3s/server/token", "x")
    machine.write("/etc/apt/sources.list.d/own.list", "deb [trusted=yes] http://apt.lab.test/tailscale lab main\n")
    machine.write("/etc/apt/sources.list.d/gone.list", "deb http://apt.lab.test/gone lab main\n")
    machine.run("systemd-run", "--unit=owner-port", "python3", "-m", "http.server", "10250").check()
    # A user's first sudo leaves a mark in his home.
    lived.ssh.run("w1", "sudo -n true")
    before = files(machine), starts_of(lived)
    refused = lived.adopt()
    assert refused.code == AdoptionRefused.exit_code, refused
    foreign = "own.list names a repository of the plan"
    for found in ("K3s is here", foreign, "tcp/10250 (python3)", "apt-get update fails: ", "http://apt.lab.test/gone"):
        assert found in refused.err, refused.err
    assert refused.err.count("what to do: ") == 4, refused.err
    assert (files(machine), starts_of(lived)) == before
    machine.run("systemctl", "stop", "owner-port").check()
    machine.bash("rm -r /var/lib/rancher /etc/apt/sources.list.d/{own,gone}.list").check()


def starts_of(lived: Lived) -> dict[str, str]:
    logins = ("session-", "user@", "user-", "run-user", "systemd-logind", "ssh@")
    return {unit: when for unit, when in starts(lived.machine).items() if not unit.startswith(logins)}


def test_a_check_says_what_would_change_and_changes_nothing(lived: Lived) -> None:
    before = files(lived.machine)
    told = lived.adopt("--check")
    assert told.code == 0, told
    assert "- its name: web-1 becomes w1\n" in told.out
    assert files(lived.machine) == before


def test_it_becomes_the_node_and_stays_its_owners(lived: Lived, owned: dict[str, str]) -> None:
    machine = lived.machine
    adopted = lived.adopt()
    assert adopted.code == 0, adopted
    assert "w1: handed over" in adopted.out
    wait_settled(machine, seconds=300)
    assert {line.split()[1] for line in check_steps(machine)} == {"ok"}
    assert machine.run("hostname").out == "w1\n"
    still_the_owners(lived, owned)


def test_it_has_the_files_of_a_node_that_was_born(lived: Lived) -> None:
    ask = "stat -c '%a %U %n' /opt/meshstrap/* /etc/meshstrap/secrets/* /etc/systemd/system/meshstrap.service"
    listed = set(lived.machine.bash(ask).out.splitlines())
    assert listed >= {
        "755 root /opt/meshstrap/bootstrap.sh",
        "600 root /etc/meshstrap/secrets/auth_key",
        "600 root /etc/meshstrap/secrets/bootstrap_token",
        "644 root /etc/systemd/system/meshstrap.service",
    }


def test_the_auth_key_is_nowhere_but_in_its_file(lived: Lived) -> None:
    journal = lived.machine.journal("--boot")
    assert "bash -s -- --told" in journal, "sudo logs what it runs"
    assert AUTH_KEY not in journal
    found = lived.machine.run("grep", "-rlF", AUTH_KEY, "/etc", "/opt", "/var", "/home", "/root", "/tmp", "/run").out
    assert set(found.splitlines()) <= {"/etc/meshstrap/secrets/auth_key"}


def test_a_second_time_changes_nothing(lived: Lived) -> None:
    ask = "stat -c '%n %i %Y' /opt/meshstrap/* /etc/meshstrap/secrets/* /etc/systemd/system/meshstrap.service"
    rest(lived.machine)
    before = lived.machine.bash(ask).out
    again = lived.adopt()
    assert again.code == 0, again
    assert "this machine is w1 of lab already\n" in again.out
    assert "nothing was changed" in again.out
    assert lived.machine.bash(ask).out == before
    assert lived.machine.run("systemctl", "is-active", "meshstrap").out == "inactive\n"


def test_after_a_reboot_it_converges_by_itself_and_cloud_init_does_nothing_twice(
    lived: Lived, owned: dict[str, str]
) -> None:
    machine = lived.machine
    reboot(machine)
    # The owner's own user-data has /etc/hosts written anew at every boot: the step puts its line back.
    assert {step["name"] for step in status(machine)["steps"] if step["state"] == "changed"} <= {"hostname"}
    assert {line.split()[1] for line in check_steps(machine)} == {"ok"}
    assert machine.run("hostname").out == "w1\n"
    assert len(machine.read(BORN).splitlines()) == 1
    still_the_owners(lived, owned)


def test_another_plan_replaces_the_script_alone(lived: Lived, tmp_path: Path) -> None:
    other = tmp_path / "cluster.yaml"
    other.write_text(lived.inventory.read_text().replace("  name: lab\n", "  name: lab\n  api_endpoint: api.lab\n"))
    before = status(lived.machine)["plan_hash"]
    secrets = lived.machine.bash("stat -c '%n %i' /etc/meshstrap/secrets/*").out
    assert "its script is of another plan, and is replaced" in lived.adopt(inventory=other).out
    wait_until(lambda: status(lived.machine)["plan_hash"] != before, "a run of the new script", seconds=60)
    wait_settled(lived.machine)
    assert lived.machine.bash("stat -c '%n %i' /etc/meshstrap/secrets/*").out == secrets


def test_the_file_says_the_same_there(lived: Lived, tmp_path: Path) -> None:
    path = tmp_path / "w1.sh"
    assert lived.adopt(f"--output={path}").code == 0
    lived.machine.write("/root/w1.sh", path.read_text(), 0o600)
    said = lived.machine.run("bash", "/root/w1.sh", "--check")
    assert (said.code, said.out) == (
        0,
        "this machine is w1 of lab already; its script is of another plan, and is replaced\n",
    )
    handed = lived.machine.run("bash", "/root/w1.sh")
    assert re.search(r"^w1: handed over; .*\n.*\nremove this file, .*: rm /root/w1.sh\n", handed.out, re.MULTILINE)


def test_another_node_is_refused(lived: Lived, tmp_path: Path) -> None:
    other = tmp_path / "cluster.yaml"
    other.write_text(lived.inventory.read_text().replace("  name: lab\n", "  name: other\n"))
    refused = lived.adopt(inventory=other)
    assert refused.code == AdoptionRefused.exit_code
    assert "this machine is the node w1 of lab already" in refused.err
    assert json.loads(lived.machine.read("/var/lib/meshstrap/status.json"))["node"] == "w1"
    assert bootstrap(lived.machine, "--list").code == 0
