"""kernel_sysctls: running values, and a file that wins at boot."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

FILE = "/etc/sysctl.d/99-zz-meshstrap.conf"
SYSCTLS = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 1\nnet.ipv4.tcp_rmem = 4096 131072 6291456"
SYSCTL = """
while IFS=' =' read -r name value; do printf '%s\\n' "$value" >"$ROOT/proc/sys/${name//.//}"; done <"${2#--load=}"
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A fresh machine: nothing forwards."""
    sandbox.header["KERNEL_SYSCTLS"] = SYSCTLS
    sandbox.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    sandbox.write("/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n")
    sandbox.write("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n")
    sandbox.stub("sysctl", SYSCTL)
    return sandbox


def test_changes(machine: Sandbox) -> None:
    outcome = machine.run("kernel_sysctls")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert outcome.calls == [f"sysctl --quiet --load={machine.root}{FILE}"]
    assert machine.read(FILE) == SYSCTLS + "\n"


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("kernel_sysctls")
    before = (machine.root / FILE[1:]).stat()
    outcome = machine.run("kernel_sysctls")
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], [])
    assert (machine.root / FILE[1:]).stat().st_ino == before.st_ino


def test_a_value_that_something_set_back_is_drift(machine: Sandbox) -> None:
    machine.run("kernel_sysctls")
    machine.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    outcome = machine.run("kernel_sysctls", check_only=True)
    assert outcome.code == 1
    assert "would change: net.ipv4.ip_forward is 0, not 1" in outcome.log


def test_right_values_without_the_file_are_drift(machine: Sandbox) -> None:
    machine.run("kernel_sysctls")
    machine.write(FILE, "net.ipv4.ip_forward = 0\n")
    assert machine.run("kernel_sysctls", check_only=True).levels == ["drift", "summary"]


def test_the_file_is_read_between_the_distribution_and_cilium() -> None:
    names = ["99-sysctl.conf", "99-zz-meshstrap.conf", "99-zzz-override_cilium.conf"]
    assert sorted(names) == names


def test_apply_fails(machine: Sandbox) -> None:
    machine.stub("sysctl", "echo 'sysctl: permission denied on key \"net.ipv4.ip_forward\"' >&2; exit 1")
    outcome = machine.run("kernel_sysctls")
    assert outcome.code == 1
    assert "permission denied" in outcome.log
    assert machine.run("kernel_sysctls").code == 1, "the file alone is not enough"


def test_a_key_that_the_kernel_does_not_have(machine: Sandbox) -> None:
    (machine.root / "proc/sys/net/ipv4/conf/all/rp_filter").unlink()
    machine.stub("sysctl", "echo 'sysctl: cannot stat /proc/sys/net/ipv4/conf/all/rp_filter' >&2; exit 1")
    outcome = machine.run("kernel_sysctls")
    assert outcome.code == 1
    assert "cannot stat /proc/sys/net/ipv4/conf" in outcome.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("kernel_sysctls")
    (machine.bin / "cmp").unlink()
    outcome = machine.run("kernel_sysctls")
    assert outcome.code == 1
    assert "cannot tell the current state (exit 127)" in outcome.log
