"""Disks that forget: ext4 and plain block devices on loop devices, which lose at a cut what was never synced.

A machine's overlay lives in one kernel with everything else, whose page cache outlives the machine: without more, a
"power cut" would lose nothing. So its upper folder lies on an ext4 of its own. At the cut that file system is told to
stop at once (``FS_IOC_SHUTDOWN``, what xfstests simulate power failures with): dirty pages and the running journal
transaction are gone, and the next mount replays the journal, as after a real cut. A plain block device loses what its
writers have not synced by being exchanged for a copy of its backing file, which the device's page cache never reached.
What this cannot lose: writes that a drive had acknowledged, and lost out of its own volatile cache.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from .process import run, wait_until

# _IOR('X', 125, __u32) and "do not flush the log" of the kernel's include/uapi/linux/fs.h and fs/ext4/ext4.h.
FS_IOC_SHUTDOWN = 0x8004587D
GOING_NOLOGFLUSH = 2

GIB = 2**30
# More than the plan asks of a root file system; the file is sparse.
BOOT_VOLUME_GIB = 24


def stop_writing(folder: Path) -> None:
    """Cut a file system off: from now on nothing reaches its device, and what was not written is lost."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(handle, FS_IOC_SHUTDOWN, struct.pack("I", GOING_NOLOGFLUSH))
    finally:
        os.close(handle)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a disk's file as it is on the disk below, holes as holes."""
    run(["cp", "--sparse=always", str(source), str(target)], timeout=300).check()


def wait_detached(image: Path) -> None:
    """Wait until the kernel has let go of a disk's file; it does so when nobody has the device open any more."""
    wait_until(lambda: str(image) not in run(["losetup", "--all"]).out, f"{image} to be detached", seconds=30)


class Disk:
    """A machine's disk: an ext4 in the file ``image``, mounted at ``folder``."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def format(self) -> None:
        """Make the file and a file system in it."""
        self.image.parent.mkdir(parents=True, exist_ok=True)
        with self.image.open("wb") as file:
            file.truncate(BOOT_VOLUME_GIB * GIB)
        lazily = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
        run(["mkfs.ext4", "-q", "-F", "-J", "size=64", "-E", lazily, str(self.image)]).check()

    def mount(self) -> None:
        """Mount it; after a cut this replays the journal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        run(["mount", "-t", "ext4", "-o", "loop,noinit_itable", str(self.image), str(self.folder)]).check()

    def cut(self) -> None:
        """Lose what was not synced. The folder answers with errors until it is unmounted."""
        stop_writing(self.folder)

    def unmount(self) -> None:
        """Unmount it; its loop device goes with it."""
        run(["umount", str(self.folder)]).check()
        wait_detached(self.image)


class Volume:
    """A block volume: a sparse file on a loop device, which the machine formats and mounts itself."""

    def __init__(self, image: Path, gib: int) -> None:
        self.image = image
        self.device = Path()
        with image.open("wb") as file:
            file.truncate(gib * GIB)

    def attach(self) -> None:
        """Give it a loop device."""
        self.device = Path(run(["losetup", "--show", "--find", str(self.image)]).check().out.strip())

    def copy(self) -> Path:
        """What its file holds now: not what its writers have not synced yet."""
        copy = self.image.with_suffix(".cut")
        copy_sparse(self.image, copy)
        return copy

    def detach(self) -> None:
        """Take the loop device back; done by the kernel once nobody has it open any more."""
        run(["losetup", "--detach", str(self.device)]).check()

    def exchange(self, copy: Path) -> None:
        """Go on with a copy that was taken earlier, on a device whose cache knows nothing of what came after."""
        self.detach()
        wait_detached(self.image)
        copy.rename(self.image)
        self.attach()
