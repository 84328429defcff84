"""selinux: permissive now and at boot, or left alone."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

FILE = "/etc/selinux/config"
CONFIG = "# SELINUX= can take: enforcing, permissive, disabled\nSELINUX=enforcing\nSELINUXTYPE=targeted\n\n"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """Oracle Linux as it comes."""
    sandbox.header["SELINUX"] = "permissive"
    sandbox.write(FILE, CONFIG)
    sandbox.write("/mode", "Enforcing\n")
    sandbox.stub("getenforce", 'cat "$ROOT/mode"')
    sandbox.stub("setenforce", 'echo Permissive >"$ROOT/mode"')
    return sandbox


def test_changes(machine: Sandbox) -> None:
    outcome = machine.run("selinux")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert machine.read(FILE).rstrip() == CONFIG.replace("\nSELINUX=enforcing", "\nSELINUX=permissive").rstrip()
    assert "setenforce 0" in outcome.calls


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("selinux")
    before = (machine.root / FILE[1:]).stat()
    outcome = machine.run("selinux")
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], ["getenforce"])
    assert (machine.root / FILE[1:]).stat().st_ino == before.st_ino


@pytest.mark.parametrize("mode", ["Permissive", "Disabled"])
def test_only_the_file_is_left(machine: Sandbox, mode: str) -> None:
    machine.write("/mode", f"{mode}\n")
    outcome = machine.run("selinux")
    assert outcome.code == 0
    assert "setenforce 0" not in outcome.calls
    assert "SELINUX=permissive" in machine.read(FILE)


@pytest.mark.parametrize("value", ["disabled", "permissive"])
def test_what_is_no_stricter_is_left(machine: Sandbox, value: str) -> None:
    machine.write("/mode", "Disabled\n")
    text = CONFIG.replace("\nSELINUX=enforcing", f"\nSELINUX={value}")
    machine.write(FILE, text)
    assert machine.run("selinux").levels == ["ok", "summary"]
    assert machine.read(FILE) == text


def test_unmanaged_asks_nothing(machine: Sandbox) -> None:
    machine.header["SELINUX"] = "unmanaged"
    outcome = machine.run("selinux")
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], [])


def test_apply_fails(machine: Sandbox) -> None:
    machine.stub("setenforce", "exit 1")
    outcome = machine.run("selinux")
    assert outcome.code == 1
    assert "error" in outcome.levels


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "getenforce").unlink()
    outcome = machine.run("selinux")
    assert outcome.code == 1
    assert "cannot tell the current state (exit 127)" in outcome.log
