"""kernel_modules: loaded, built in, in a package of their own, or nowhere."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import LIBRARY, Sandbox

FILE = "/etc/modules-load.d/meshstrap.conf"
UEK = "6.12.0-100.28.2.el10uek.x86_64"
# Knows the modules that are named in the folder `kernel`, and loads what it is told to.
MODPROBE = """
if [[ $1 == --show-depends ]]; then
  [[ -e $ROOT/kernel/$2 ]] || { echo "modprobe: FATAL: Module $2 not found in directory /lib/modules/6.8" >&2; exit 1; }
  printf 'insmod /lib/modules/6.8/%s.ko\\n' "$2"
else
  mkdir -p "$ROOT/sys/module/overlay"
fi
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """All modules can be loaded, none is."""
    sandbox.header |= {"KERNEL_MODULES": ("overlay",), "NEEDED_MODULES": ("vxlan", "xt_CT"), "NODE_OS": "oracle-10"}
    sandbox.library = (*LIBRARY, "package_dnf")
    sandbox.stub("modprobe", MODPROBE)
    for name in ("overlay", "vxlan", "xt_CT"):
        sandbox.write(f"/kernel/{name}", "")
    return sandbox


def test_changes(machine: Sandbox) -> None:
    outcome = machine.run("kernel_modules")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert machine.read(FILE) == "overlay\n"
    assert "modprobe --all overlay" in outcome.calls


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    before = (machine.root / FILE[1:]).stat()
    outcome = machine.run("kernel_modules")
    assert outcome.levels == ["ok", "summary"]
    assert outcome.calls == [f"modprobe --show-depends {name}" for name in ("vxlan", "xt_CT")]
    assert (machine.root / FILE[1:]).stat().st_mtime_ns == before.st_mtime_ns


def test_loaded_but_not_at_boot_is_drift(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    (machine.root / FILE[1:]).unlink()
    assert machine.run("kernel_modules", check_only=True).levels == ["drift", "summary"]


def test_at_boot_but_not_loaded_is_drift(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    (machine.root / "sys/module/overlay").rmdir()
    assert machine.run("kernel_modules", check_only=True).levels == ["drift", "summary"]


def test_everything_built_in(machine: Sandbox) -> None:
    machine.stub("modprobe", '[[ $1 != --show-depends ]] || printf "builtin bridge\\nbuiltin %s\\n" "$2"')
    assert machine.run("kernel_modules").code == 0
    assert machine.run("kernel_modules").levels == ["ok", "summary"]


@pytest.mark.parametrize(
    ("system", "library", "release", "package"),
    [
        ("oracle-10", "package_dnf", UEK, f"kernel-uek-modules-extra-netfilter-{UEK}"),
        ("oracle-9", "package_dnf", "5.14.0-570.el9.aarch64", "kernel-modules-extra-5.14.0-570.el9.aarch64"),
        ("ubuntu-24.04", "package_apt", "6.8.0-1024-oracle", "linux-modules-extra-6.8.0-1024-oracle"),
        ("debian-13", "package_apt", "6.12.48+deb13-cloud-arm64", "linux-image-6.12.48+deb13-cloud-arm64"),
    ],
)
def test_a_module_that_the_image_lacks_comes_with_the_package_for_the_kernel_that_runs(
    machine: Sandbox, system: str, library: str, release: str, package: str
) -> None:
    machine.header["NODE_OS"] = system
    machine.library = (*LIBRARY, library)
    machine.stub("uname", f"echo {release}")
    for program in ("dnf", "apt-get", "lslocks", "dpkg", "dpkg-query", "sync"):
        machine.stub(program, 'case " $* " in *" install "*) : >"$ROOT/kernel/xt_CT" ;; esac')
    (machine.root / "kernel/xt_CT").unlink()
    outcome = machine.run("kernel_modules")
    assert outcome.code == 0, outcome.log
    assert f"Module xt_CT not found in directory /lib/modules/6.8: installs {package}" in outcome.log
    assert any(call.startswith(("dnf", "apt-get")) and call.endswith(f"install {package}") for call in outcome.calls)
    assert machine.run("kernel_modules").levels == ["ok", "summary"]


def test_a_module_that_runs_is_there_though_its_file_went_with_an_upgrade(machine: Sandbox) -> None:
    machine.run("kernel_modules")
    for name in ("overlay", "vxlan", "xt_CT"):
        (machine.root / "kernel" / name).unlink()
        (machine.root / "sys/module" / name).mkdir(exist_ok=True)
    assert machine.run("kernel_modules").levels == ["ok", "summary"]


def test_a_module_that_exists_nowhere_fails_with_its_name(machine: Sandbox) -> None:
    machine.stub("uname", f"echo {UEK}")
    machine.stub("dnf")
    (machine.root / "kernel/xt_CT").unlink()
    outcome = machine.run("kernel_modules")
    assert outcome.code == 1
    assert f"Linux {UEK}: modprobe: FATAL: Module xt_CT not found" in outcome.log
    assert "upgrade the kernel and reboot, or take another image" in outcome.log
    assert not machine.exists(FILE)


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "modprobe").unlink()
    outcome = machine.run("kernel_modules")
    assert outcome.code == 1
    assert "cannot tell the current state (exit 127)" in outcome.log
