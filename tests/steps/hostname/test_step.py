"""hostname: running, at boot and in /etc/hosts."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

HOSTS = "127.0.0.1 localhost\n\n# mine\n10.0.0.5  instance-2024 instance-2024.vcn   # console name\n::1 ip6-localhost\n"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A machine that still has the console's name."""
    sandbox.write("/proc/sys/kernel/hostname", "instance-2024\n")
    sandbox.write("/etc/hostname", "instance-2024\n")
    sandbox.write("/etc/hosts", HOSTS, 0o640)
    return sandbox


def test_changes_all_three_places_and_nothing_else(machine: Sandbox) -> None:
    outcome = machine.run("hostname")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert machine.read("/proc/sys/kernel/hostname") == "w1"
    assert machine.read("/etc/hostname") == "w1\n"
    assert machine.read("/etc/hosts") == HOSTS + "127.0.1.1 w1\n"
    assert (machine.root / "etc/hosts").stat().st_mode & 0o777 == 0o640


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("hostname")
    before = [(machine.root / "etc" / name).stat() for name in ("hosts", "hostname")]
    assert machine.run("hostname").levels == ["ok", "summary"]
    after = [(machine.root / "etc" / name).stat() for name in ("hosts", "hostname")]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


@pytest.mark.parametrize("line", ["127.0.1.1\tw1.example.net w1", "127.0.1.1 w1   # set by cloud-init"])
def test_a_line_that_already_names_it_is_enough(machine: Sandbox, line: str) -> None:
    machine.run("hostname")
    machine.write("/etc/hosts", f"{HOSTS}{line}\n")
    assert machine.run("hostname").levels == ["ok", "summary"]


@pytest.mark.parametrize("line", ["127.0.1.1 other", "10.0.0.9 w1", "#127.0.1.1 w1", "127.0.1.1 w1-old"])
def test_a_line_that_does_not_name_it_stays_beside_ours(machine: Sandbox, line: str) -> None:
    machine.write("/etc/hosts", f"{HOSTS}{line}")
    assert machine.run("hostname").code == 0
    assert machine.read("/etc/hosts") == f"{HOSTS}{line}\n127.0.1.1 w1\n"


def test_a_name_that_is_only_running_is_not_converged(machine: Sandbox) -> None:
    machine.run("hostname")
    machine.write("/etc/hostname", "instance-2024\n")
    assert machine.run("hostname", check_only=True).code == 1


def test_apply_fails(machine: Sandbox) -> None:
    (machine.root / "proc/sys/kernel/hostname").unlink()
    (machine.root / "proc/sys/kernel").rmdir()
    outcome = machine.run("hostname")
    assert outcome.code == 1
    assert "error" in outcome.levels


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("hostname")
    (machine.root / "etc/hosts").unlink()
    outcome = machine.run("hostname")
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
