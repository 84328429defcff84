"""`invoke verify` on a real machine: what it says, that one silent host holds up nobody, and that it only looks."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshstrap.errors import NotAllAsked
from meshstrap.verify.arrival import HAS_CONVERGED

from .dress import volume
from .lab import Lab
from .machine import Machine
from .twice import RESTLESS, files, starts
from .vendors import Sources
from .verified import Verified, verified_worker
from .verifying import bad, invoke_verify

# What holds now and is in no file: firewall, routing, mounts, units, links, kernel settings, what lies in memory.
_NOW = r"""
iptables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//'; ip6tables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//'
ip rule; ip -6 rule; ip route show table all | sed 's/ expires.*//'; ip -brief link; findmnt --raw --noheadings
systemctl list-unit-files --no-legend --plain; sysctl -a 2>/dev/null | grep -E '^(net.ipv4.conf|fs.inotify)'
find /run /tmp /root /home -xdev ! -path '/run/systemd*' ! -path '/run/user*' ! -path '/run/sudo*' \
  ! -path '/run/udev/*' ! -path '/run/log/*' ! -path '/run/utmp*' \
  ! -path '/run/motd*' ! -type d -printf '%p %m %u %s %T@\n' | sort
"""
# A login by SSH is a session of systemd's, whoever it is for.
LOGINS = ("session-", "user@", "user-", "run-user", "systemd-logind", "ssh@")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with volume(tmp_path_factory.mktemp("volume") / "image") as node:
        yield node


# The device comes before the lab, so that it goes after the machine that holds it.
@pytest.fixture(scope="module")
def worker(device: str, shared_lab: Lab, sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Verified:
    worker = verified_worker(shared_lab, sources, device, tmp_path_factory.mktemp("ssh"))
    worker.machine.run("systemctl", "stop", RESTLESS).check()
    return worker


@pytest.fixture(scope="module")
def inventory(worker: Verified, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inventory") / "cluster.yaml"
    # 203.0.113.99 is nobody: packets to it are lost in the lab's own network.
    text = worker.inventory.replace("name: cp1, account: alice", "name: cp1, address: 127.0.0.9, account: alice")
    path.write_text(text)
    return path


def picture(machine: Machine) -> dict[str, str]:
    """All that a verification could change, by name; what a login changes is left out."""
    found = {f"file {path}": state for path, state in files(machine).items()}
    found |= {f"start {unit}": when for unit, when in starts(machine).items() if not unit.startswith(LOGINS)}
    lines = machine.bash(_NOW).check().out.splitlines()
    return found | {f"now {line}": str(lines.count(line)) for line in lines}


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def test_a_verification_changes_nothing(worker: Verified) -> None:
    # A user's first sudo leaves a mark in his home (sudo_plugin's admin_flag), whatever it is for.
    worker.ssh.run("w1", "sudo -n true")
    before = picture(worker.machine)
    assert HAS_CONVERGED in bad(worker.ssh, worker.inventory, "w1")
    assert differing(before, picture(worker.machine)) == []


def test_the_look_would_have_seen_a_change(worker: Verified) -> None:
    before = picture(worker.machine)
    worker.machine.bash(
        "touch /etc/containerd/config.toml /run/probe; iptables -A FORWARD -s 192.0.2.1 -j ACCEPT"
    ).check()
    seen = differing(before, picture(worker.machine))
    worker.machine.bash("rm /run/probe; iptables -D FORWARD -s 192.0.2.1 -j ACCEPT").check()
    worker.machine.run("systemctl", "restart", "containerd").check()
    assert any(name == "file /etc/containerd/config.toml" for name in seen)
    assert any("/run/probe" in name for name in seen)
    assert any("-A FORWARD -s 192.0.2.1" in name for name in seen)


def test_a_silent_host_is_one_line_and_the_others_are_verified(worker: Verified, inventory: Path) -> None:
    said = invoke_verify(worker.ssh, inventory)
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[0].startswith("cp1: ssh: connect to host 127.0.0.9 port 22: Connection refused (")
    assert lines[1].startswith("w1: waiting at tailnet: ") or lines[1].startswith("w1: running at tailnet: ")
    assert sum(line.startswith("cp1") for line in lines) == 2, "that line, and the table's row"
    (row,) = [line.split() for line in lines if line.startswith("w1  ")]
    assert row[:8] == ["w1", "ok", "ok", "ok", "ok", "ok", "ok", "…"]
    assert lines[-1].startswith("2 hosts: ")
    assert "1 could not be asked" in lines[-1]


def test_a_host_that_swallows_packets_is_given_up(worker: Verified, inventory: Path) -> None:
    config = worker.ssh.config.read_text()
    hole = "Host cp1\n  ProxyCommand sleep 300\n"
    worker.ssh.config.write_text(hole + config)
    try:
        said = invoke_verify(worker.ssh, inventory, "--node=cp1")
    finally:
        worker.ssh.config.write_text(config)
    assert said.code == NotAllAsked.exit_code
    assert said.out.startswith("cp1: ")
    assert "timed out" in said.out, "ssh itself gives it up"


def test_the_report_is_one_page_and_junit_and_says_the_same(worker: Verified, inventory: Path, tmp_path: Path) -> None:
    told = json.loads(
        invoke_verify(worker.ssh, inventory, "--node=w1", "--json", f"--report={tmp_path / 'report'}").out
    )
    suites = ET.parse(tmp_path / "report" / "junit.xml").getroot()  # noqa: S314 - our own file
    page = (tmp_path / "report" / "index.html").read_text()
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"index.html", "junit.xml"}
    assert told["as_planned"] is False
    assert told["hosts"] == ["w1"]
    assert len(suites.findall("./testsuite/testcase")) == len(told["verdicts"])
    assert len(suites.findall(".//failure")) == told["summary"]["differs"] == 1
    assert "The node has converged" in page
    assert "http-equiv" not in page
    assert " src=" not in page


def test_a_user_who_may_not_sudo_is_one_clear_line(worker: Verified) -> None:
    worker.machine.bash("mkdir /run/kept && mv /etc/sudoers.d/9* /run/kept/").check()
    try:
        (verdict,) = bad(worker.ssh, worker.inventory, "w1").values()
        assert verdict.title == "The machine answers"
        assert verdict.found.startswith("sudo: a password is required (let the login user sudo without a password")
    finally:
        worker.machine.bash("mv /run/kept/* /etc/sudoers.d/").check()


def test_a_machine_that_is_no_node_is_named(worker: Verified) -> None:
    text = worker.ssh.config.read_text()
    worker.ssh.config.write_text(text.replace("Host w1\n", "Host w1 other\n"))
    try:
        worker.machine.run("hostname", "instance-7").check()
        (verdict,) = bad(worker.ssh, worker.inventory, "other").values()
        assert verdict.found == "the host other, which calls itself instance-7"
        assert verdict.expected == "a node of the plan: cp1, w1"
    finally:
        worker.machine.run("hostname", "w1").check()
        worker.ssh.config.write_text(text)
