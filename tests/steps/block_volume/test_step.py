"""block_volume: nothing that holds data is ever formatted or hidden."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

STEP = "block_volume"
GB = 1_000_000_000
FSTAB = (
    "# mine\nLABEL=cloudimg-rootfs\t/\text4   discard,errors=remount-ro 0 1\n\nLABEL=UEFI /boot/efi vfat umask=0077 0 1"
)
DEVICE = "/dev/oracleoci/oraclevdb"
LABELLED = "DEVNAME=/dev/sdb\\nLABEL=meshstrap\\nUUID=aaaa-bbbb\\nVERSION=1.0\\nTYPE=ext4\\nUSAGE=filesystem\\n"

# One volume: $ROOT/volume holds what blkid would print, $ROOT/wipefs what wipefs would, $ROOT/mounts "path number".
BLKID = '[[ -s $ROOT/volume ]] || exit 2; cat "$ROOT/volume"'
WIPEFS = 'cat "$ROOT/wipefs"'
LSBLK = """
case "$*" in
  *SIZE*) echo "${SIZE:-107374182400}" ;;
  *MAJ:MIN*) echo 8:16 ;;
  *--inverse*) printf '/dev/sdb\\n' ;;
  *MOUNTPOINT*) printf '%b' "${USES:-\\n\\n}" ;;
  *) exit 1 ;;
esac
"""
FINDMNT = 'awk -v path="${!#}" \'$1 == path { print $2; found = 1 } END { exit !found }\' "$ROOT/mounts"'
MOUNT = """
[[ $1 == --fstab ]] || exit 9
awk -v path="$3" '$2 == path { found = 1 } END { exit !found }' "$2" || exit 32
printf '%s 8:16\\n' "$3" >>"$ROOT/mounts"
"""
MKFS = f'printf "{LABELLED}" >"$ROOT/volume"'
QUERIES = ("lsblk", "findmnt", "blkid", "wipefs")


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A fresh machine with a blank volume of 100 GiB."""
    sandbox.header |= {"BLOCK_DEVICE": DEVICE, "BLOCK_SIZE_GIB": "100", "BLOCK_FORMAT": "true"}
    sandbox.write(DEVICE, "")
    sandbox.write("/etc/fstab", FSTAB)
    for name in ("volume", "wipefs", "mounts"):
        sandbox.write(f"/{name}", "")
    stubs = {"blkid": BLKID, "wipefs": WIPEFS, "lsblk": LSBLK, "findmnt": FINDMNT, "mount": MOUNT, "mkfs.ext4": MKFS}
    for name, body in stubs.items():
        sandbox.stub(name, body)
    sandbox.stub("systemctl")
    sandbox.stub("udevadm")
    return sandbox


def changes(calls: list[str]) -> list[str]:
    """The calls that change something, without their arguments."""
    return [call.split()[0] for call in calls if call.split()[0] not in QUERIES]


def ours(machine: Sandbox) -> list[str]:
    """Our lines of fstab, with the folder of the test taken out."""
    return [
        line.replace(str(machine.root), "") for line in machine.read("/etc/fstab").splitlines() if "meshstrap" in line
    ]


def test_a_blank_volume_is_formatted_and_mounted(machine: Sandbox) -> None:
    outcome = machine.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["change", "change", "changed", "summary"])
    assert changes(outcome.calls) == ["mkfs.ext4", "udevadm", "systemctl", "mount", "mount", "mount", "mount"]
    assert f"mkfs.ext4 -q -L meshstrap {machine.root}{DEVICE}" in outcome.calls
    options = "nofail,_netdev,x-meshstrap"
    bind = f"none bind,x-systemd.requires-mounts-for=/var/lib/meshstrap-data,{options} 0 0"
    assert ours(machine) == [
        f"UUID=aaaa-bbbb /var/lib/meshstrap-data ext4 noatime,x-systemd.device-timeout=60s,{options} 0 2",
        f"/var/lib/meshstrap-data/containerd /var/lib/containerd {bind}",
        f"/var/lib/meshstrap-data/kubelet /var/lib/kubelet {bind}",
        f"/var/lib/meshstrap-data/pods /var/log/pods {bind}",
    ]
    assert machine.read("/etc/fstab").startswith(FSTAB + "\n"), "a missing newline at its end is not an accident"


def test_services_wait_for_the_volume(machine: Sandbox) -> None:
    machine.run(STEP)
    for service in ("containerd", "kubelet"):
        text = machine.read(f"/etc/systemd/system/{service}.service.d/10-meshstrap-volume.conf")
        paths = "/var/lib/meshstrap-data /var/lib/containerd /var/lib/kubelet /var/log/pods"
        assert text.replace(str(machine.root), "") == f"[Unit]\nRequiresMountsFor={paths}\n"


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run(STEP)
    before = (machine.root / "etc/fstab").stat()
    outcome = machine.run(STEP)
    assert outcome.levels == ["ok", "summary"]
    assert changes(outcome.calls) == []
    assert (machine.root / "etc/fstab").stat().st_ino == before.st_ino


def test_our_volume_is_used_again_without_format(machine: Sandbox) -> None:
    machine.write("/volume", LABELLED.replace("\\n", "\n"))
    machine.header["BLOCK_FORMAT"] = "false"
    outcome = machine.run(STEP)
    assert outcome.code == 0
    assert "mkfs.ext4" not in changes(outcome.calls)


@pytest.mark.parametrize(
    ("volume", "wipefs"),
    [
        pytest.param("DEVNAME=/dev/sdb\nLABEL=data\nUUID=x\nTYPE=xfs\n", "xfs data\n", id="a filesystem"),
        pytest.param("DEVNAME=/dev/sdb\nPTUUID=x\nPTTYPE=gpt\n", "gpt\nPMBR\n", id="a partition table"),
        pytest.param("", "gpt\n", id="only wipefs sees it"),
        pytest.param("DEVNAME=/dev/sdb\nTYPE=LVM2_member\n", "", id="only blkid sees it"),
        pytest.param("DEVNAME=/dev/sdb\nLABEL=meshstrap\nUUID=x\nTYPE=xfs\n", "xfs meshstrap\n", id="our label on xfs"),
        pytest.param("DEVNAME=/dev/sdb\nLABEL=meshstrap-old\nTYPE=ext4\n", "ext4 meshstrap-old\n", id="a longer label"),
        pytest.param("DEVNAME=/dev/sdb\nLABEL=it's\nTYPE=ext4\n", "ext4 it's\n", id="a quote in the label"),
    ],
)
@pytest.mark.parametrize("allowed", ["true", "false"])
def test_data_is_never_formatted(machine: Sandbox, volume: str, wipefs: str, allowed: str) -> None:
    machine.header["BLOCK_FORMAT"] = allowed
    machine.write("/volume", volume)
    machine.write("/wipefs", wipefs)
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert changes(outcome.calls) == []
    assert f"{DEVICE} is not blank" in outcome.log
    assert f"what to do: wipefs --no-act {DEVICE}" in outcome.log
    assert machine.read("/etc/fstab") == FSTAB


def test_blank_but_not_allowed(machine: Sandbox) -> None:
    machine.header["BLOCK_FORMAT"] = "false"
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert changes(outcome.calls) == []
    assert "is blank, and format is not true" in outcome.log


@pytest.mark.parametrize("uses", ["/\\n/boot/efi\\n", "\\n[SWAP]\\n", "\\n\\n/srv\\n"])
def test_a_disk_in_use_is_refused(machine: Sandbox, uses: str) -> None:
    outcome = machine.run(STEP, environment={"USES": uses})
    assert outcome.code == 1
    assert changes(outcome.calls) == []
    assert "is part of a disk in use" in outcome.log


@pytest.mark.parametrize(("size", "code"), [(100 * GB - 1, 1), (100 * GB, 0), (107374182400, 0), (200 * GB, 0)])
def test_a_smaller_volume_is_another_volume(machine: Sandbox, size: int, code: int) -> None:
    outcome = machine.run(STEP, environment={"SIZE": str(size)})
    assert outcome.code == code
    assert ("mkfs.ext4" in changes(outcome.calls)) is (code == 0)


def test_it_waits_for_the_attachment(machine: Sandbox) -> None:
    (machine.root / DEVICE[1:]).unlink()
    outcome = machine.run(STEP, environment={"WAIT_LIMIT": "0"})
    assert outcome.code == 75
    assert f"no block volume at {DEVICE} yet; what to do: attach it in the console: paravirtualized" in outcome.log
    assert changes(outcome.calls) == []


@pytest.mark.parametrize(
    "path", ["/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods", "/var/lib/meshstrap-data"]
)
def test_data_on_the_root_disk_is_not_hidden(machine: Sandbox, path: str) -> None:
    machine.write(f"{path}/image", "layers")
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert f"{path} holds data that the volume would hide" in outcome.log
    assert machine.read(f"{path}/image") == "layers"
    assert f"{machine.root}{path} 8:16" not in machine.read("/mounts")


def test_something_else_mounted_there_is_left(machine: Sandbox) -> None:
    machine.write("/mounts", f"{machine.root}/var/lib/containerd 8:32\n")
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert "/var/lib/containerd holds data" in outcome.log


@pytest.mark.parametrize("killed", ["mkfs.ext4", "udevadm", "systemctl", "mount"])
def test_an_interrupted_run_is_continued(machine: Sandbox, killed: str) -> None:
    body = (machine.bin / killed).read_text()
    machine.stub(killed, "exit 1")
    assert machine.run(STEP).code == 1
    (machine.bin / killed).write_text(body)
    assert machine.run(STEP).code == 0
    assert machine.run(STEP).levels == ["ok", "summary"]
    assert len(ours(machine)) == 4
    assert machine.read("/mounts").count("8:16") == 4, "nothing is mounted twice"


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_lost_mount_is_mounted_again(machine: Sandbox, number: int) -> None:
    machine.run(STEP)
    mounts = machine.read("/mounts").splitlines(keepends=True)
    machine.write("/mounts", "".join(mounts[:number] + mounts[number + 1 :]))
    for folder in ("containerd", "kubelet", "pods"):
        (machine.root / "var/lib/meshstrap-data" / folder).rmdir()  # as real folders, they would be gone with the mount
    outcome = machine.run(STEP)
    assert outcome.code == 0
    assert changes(outcome.calls).count("mount") == 1


def test_a_mount_twice_over_is_left(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("/mounts", machine.read("/mounts") * 2)
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_lines_of_fstab_are_ours_by_their_mark_only(machine: Sandbox) -> None:
    machine.run(STEP)
    text = machine.read("/etc/fstab")
    machine.write(
        "/etc/fstab", text.replace("noatime", "relatime") + "/dev/sdc /var/lib/containerd/x ext4 defaults 0 0\n"
    )
    assert machine.run(STEP, check_only=True).levels == ["drift", "summary"]
    assert machine.run(STEP).code == 0
    assert sorted(machine.read("/etc/fstab").splitlines()) == sorted(
        [*text.splitlines(), "/dev/sdc /var/lib/containerd/x ext4 defaults 0 0"]
    )


def test_a_volume_that_cannot_be_read_is_not_blank(machine: Sandbox) -> None:
    machine.stub("wipefs", "echo 'wipefs: error: probing initialization failed' >&2; exit 1")
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert changes(outcome.calls) == []


@pytest.mark.parametrize("tool", ["lsblk", "blkid"])
def test_cannot_tell(machine: Sandbox, tool: str) -> None:
    machine.run(STEP)
    machine.stub(tool, "echo 'cannot open' >&2; exit 1")
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert "cannot tell the current state (exit 3): cannot open" in outcome.log
    assert changes(outcome.calls) == []


def test_our_volume_is_found_by_its_label_when_the_kernel_has_named_another_disk_as_it(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write("/dev/disk/by-label/meshstrap", "")
    # What now has the planned name is somebody else's; asked of by that name it would answer so.
    (machine.root / DEVICE.lstrip("/")).unlink()
    outcome = machine.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["ok", "summary"]), outcome.log
    assert any("/dev/disk/by-label/meshstrap" in call for call in outcome.calls)


def test_a_machine_without_an_fstab_gets_one(machine: Sandbox) -> None:
    (machine.root / "etc/fstab").unlink()
    outcome = machine.run(STEP)
    assert outcome.code == 0, outcome.log
    assert len(ours(machine)) == 4
    assert machine.run(STEP).levels == ["ok", "summary"]
