"""swap_off: real swap entries only, now and at boot."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

NONE = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
FSTAB = """\
# /etc/fstab: swap was on /dev/sda2 once
UUID=11 / ext4 defaults 0 1
UUID=22   /srv/swap   ext4\tnoswap,defaults 0 2
 UUID=33\tnone\tswap  sw 0 0
#/old.swap none swap sw 0 0
/swap.img none swap sw,pri=5 0 0

/swapfile /mnt/image auto loop 0 0
"""
MARK = "# meshstrap: no swap: "
SYSTEMCTL = """
case "$1" in
  list-unit-files)
    [[ -e $ROOT/bus ]] || { touch "$ROOT/bus"; echo 'Failed to list unit files: Connection timed out' >&2; exit 1; }
    [[ $* == *' *.swap swap.target' ]] || { echo "unexpected: $*" >&2; exit 99; }
    cat "$ROOT/units" 2>/dev/null
    echo 'swap.target static -'
    ;;
  daemon-reload) [[ ! -e $ROOT/units ]] || sed -i /swap.img/d "$ROOT/units" ;;
  mask) for unit in "${@:3}"; do sed -i "s/^$unit .*/$unit masked enabled/" "$ROOT/units"; done ;;
esac
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A machine with a swap file and a swap device in fstab, and zram's generator as on Oracle Linux."""
    sandbox.write("/proc/swaps", f"{NONE}/swap.img file 2097148 0 -2\n/dev/zram0 partition 1 0 100\n")
    sandbox.write("/etc/fstab", FSTAB, 0o640)
    sandbox.write("/units", "swap.img.swap generated -\ndev-zram0.swap generated -\nold.swap masked enabled\n")
    sandbox.stub("swapoff", f"printf '{NONE}' >\"$ROOT/proc/swaps\"")
    sandbox.stub("systemctl", SYSTEMCTL)
    sandbox.write("/bus", "")
    return sandbox


def test_changes(machine: Sandbox) -> None:
    outcome = machine.run("swap_off")
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert machine.read("/etc/fstab") == FSTAB.replace(" UUID=33", f"{MARK} UUID=33").replace(
        "/swap.img", f"{MARK}/swap.img"
    )
    assert (machine.root / "etc/fstab").stat().st_mode & 0o777 == 0o640
    assert [call for call in outcome.calls if "list-unit-files" not in call] == [
        "swapoff --all",
        "systemctl daemon-reload",
        "systemctl mask --quiet dev-zram0.swap",
    ]


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run("swap_off")
    before = (machine.root / "etc/fstab").stat()
    outcome = machine.run("swap_off")
    assert outcome.levels == ["ok", "summary"]
    assert outcome.calls == ["systemctl list-unit-files --no-legend --plain *.swap swap.target"]
    after = (machine.root / "etc/fstab").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_machine_without_swap_is_converged(sandbox: Sandbox) -> None:
    sandbox.write("/proc/swaps", NONE)
    sandbox.write("/etc/fstab", "UUID=11 / ext4 defaults 0 1\n/swap.img /x ext4 defaults 0 0\n")
    sandbox.stub("systemctl", SYSTEMCTL)
    sandbox.write("/bus", "")
    assert sandbox.run("swap_off").levels == ["ok", "summary"]


def test_a_bus_that_timed_out_is_asked_once_more(machine: Sandbox) -> None:
    machine.run("swap_off")
    (machine.root / "bus").unlink()
    outcome = machine.run("swap_off")
    assert outcome.levels == ["ok", "summary"]
    assert len(outcome.calls) == 2


@pytest.mark.parametrize("left", ["proc/swaps", "etc/fstab", "units"])
def test_each_of_the_three_is_drift(machine: Sandbox, left: str) -> None:
    text = machine.read(left)
    machine.run("swap_off")
    machine.write(left, text)
    assert machine.run("swap_off", check_only=True).levels == ["drift", "summary"]
    assert machine.read(left) == text
    assert machine.run("swap_off").code == 0


def test_a_unit_with_an_escaped_name_is_masked(machine: Sandbox) -> None:
    machine.stub(
        "systemctl",
        r"""
[[ $1 != list-unit-files || -e $ROOT/done ]] || echo "dev-a\x2db.swap generated -"
[[ $1 != mask ]] || : >"$ROOT/done"
""",
    )
    outcome = machine.run("swap_off")
    assert outcome.code == 0
    assert r"systemctl mask --quiet dev-a\x2db.swap" in outcome.calls


def test_apply_fails(machine: Sandbox) -> None:
    machine.stub("swapoff", "echo 'swapoff: /swap.img: swapoff failed: Cannot allocate memory' >&2; exit 4")
    outcome = machine.run("swap_off")
    assert outcome.code == 1
    assert "Cannot allocate memory" in outcome.log
    assert machine.run("swap_off", check_only=True).code == 1


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("swap_off")
    machine.stub("systemctl", "exit 1")
    outcome = machine.run("swap_off")
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
    assert "systemctl does not answer" in outcome.log
