"""kernel_modules: loaded, built in, or missing."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

FILE = "/etc/modules-load.d/meshstrap.conf"
MODPROBE = """
if [[ $1 == --show-depends ]]; then
  case $2 in
    overlay) echo 'builtin overlay' ;;
    *) printf 'insmod /lib/modules/6.8/bridge.ko\\ninsmod /lib/modules/6.8/%s.ko\\n' "$2" ;;
  esac
else
  mkdir -p "$ROOT/sys/module/br_netfilter"
fi
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """overlay is built in, br_netfilter can be loaded."""
    sandbox.header["KERNEL_MODULES"] = ("overlay", "br_netfilter")
    sandbox.stub("modprobe", MODPROBE)
    return sandbox


def test_changes(machine: Sandbox) -> None:
    outcome = machine.run("kernel_modules")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert machine.read(FILE) == "overlay\nbr_netfilter\n"
    assert "modprobe --all overlay br_netfilter" in outcome.calls


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    before = (machine.root / FILE[1:]).stat()
    outcome = machine.run("kernel_modules")
    assert outcome.levels == ["ok", "summary"]
    assert outcome.calls == ["modprobe --show-depends overlay"]
    assert (machine.root / FILE[1:]).stat().st_mtime_ns == before.st_mtime_ns


def test_loaded_but_not_at_boot_is_drift(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    (machine.root / FILE[1:]).unlink()
    assert machine.run("kernel_modules", check_only=True).levels == ["drift", "summary"]


def test_at_boot_but_not_loaded_is_drift(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    (machine.root / "sys/module/br_netfilter").rmdir()
    assert machine.run("kernel_modules", check_only=True).levels == ["drift", "summary"]


def test_everything_built_in(machine: Sandbox) -> None:
    machine.stub("modprobe", '[[ $1 != --show-depends ]] || printf "builtin bridge\\nbuiltin %s\\n" "$2"')
    assert machine.run("kernel_modules").code == 0
    assert machine.run("kernel_modules").levels == ["ok", "summary"]


def test_a_module_that_exists_nowhere_fails_with_its_name(machine: Sandbox) -> None:
    machine.stub(
        "modprobe", "echo 'modprobe: FATAL: Module br_netfilter not found in directory /lib/modules/6.8' >&2; exit 1"
    )
    outcome = machine.run("kernel_modules")
    assert outcome.code == 1
    assert "Module br_netfilter not found" in outcome.log


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "modprobe").unlink()
    outcome = machine.run("kernel_modules")
    assert outcome.code == 1
    assert "cannot tell the current state (exit 127)" in outcome.log
