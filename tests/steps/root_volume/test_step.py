"""root_volume: the root disk is grown to its end, by what the image has for it."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

STEP = "root_volume"
GIB = 2**30
# As an image of Oracle Linux has it: the last partition holds a volume group with the root in it.
INVERSE = "lvm /dev/mapper/ocivolume-root\\npart /dev/sda3\\ndisk /dev/sda\\n"
PARTS = (100 << 20, 2 << 30)
LSBLK = f"""if [[ $* == *--inverse* ]]; then printf '{INVERSE}'; else
printf '%s disk\\n{PARTS[0]} part\\n{PARTS[1]} part\\n%s part\\n{32 * GIB} lvm\\n' $(cat $ROOT/size $ROOT/part); fi"""
GROW = f"echo $(($(cat $ROOT/size) - {sum(PARTS)})) >$ROOT/part"
LAST = 44 * GIB


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A boot volume of 150 GiB with the partitions of one of 47."""
    sandbox.header["WAIVED_MACHINE_CHECKS"] = ()
    sandbox.write("size", f"{150 * GIB}\n")
    sandbox.write("part", f"{LAST}\n")
    sandbox.stub("findmnt", "echo /dev/mapper/ocivolume-root")
    sandbox.stub("lsblk", LSBLK)
    sandbox.stub("cloud-init", f"[[ $3 == growpart ]] || exit 0; {GROW}")
    return sandbox


def has_growfs(machine: Sandbox, body: str = GROW) -> None:
    machine.write(
        "usr/libexec/oci-growfs", f"#!/bin/bash\n[[ $* == -y ]] || exit 9\nROOT={machine.root}\n{body}\n", 0o755
    )


def test_oracle_linux_grows_it_by_its_own_tool(machine: Sandbox) -> None:
    has_growfs(machine)
    done = machine.run(STEP)
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert not [call for call in done.calls if call.startswith("cloud-init")]


def test_elsewhere_cloud_init_grows_partition_and_file_system(machine: Sandbox) -> None:
    done = machine.run(STEP)
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert [call for call in done.calls if call.startswith("cloud-init")] == [
        f"cloud-init single --name {module} --frequency always" for module in ("growpart", "resizefs")
    ]


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run(STEP)
    again = machine.run(STEP)
    assert (again.levels, [call.split()[0] for call in again.calls]) == (
        ["ok", "summary"],
        ["findmnt", "lsblk", "lsblk"],
    )


@pytest.mark.parametrize(
    ("source", "lsblk"),
    [
        pytest.param("overlay", "exit 1", id="no-block-device"),
        pytest.param(
            "/dev/vda", f"[[ $* == *--inverse* ]] && echo disk /dev/vda || echo {50 * GIB} disk", id="no-partition"
        ),
    ],
)
def test_where_there_is_nothing_to_grow(machine: Sandbox, source: str, lsblk: str) -> None:
    machine.stub("findmnt", f"echo {source}")
    machine.stub("lsblk", lsblk)
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_a_disk_that_is_left_so_is_waived(machine: Sandbox) -> None:
    machine.header["WAIVED_MACHINE_CHECKS"] = ("clock", "disk")
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_apply_fails(machine: Sandbox) -> None:
    has_growfs(machine, "echo 'Cannot extend physical volume.'; echo 'NOCHANGE: partition 3' >&2; exit 1")
    done = machine.run(STEP)
    assert done.code == 1
    assert "oci-growfs failed 1 times (exit 1): NOCHANGE: partition 3" in done.log
    assert "what to do: lsblk, or waive disk in waive_machine" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.stub("lsblk", "echo 'lsblk: failed to access sysfs directory' >&2; exit 32")
    done = machine.run(STEP)
    assert done.code == 1
    assert "cannot tell the current state (exit 32): lsblk: failed to access sysfs directory" in done.log
