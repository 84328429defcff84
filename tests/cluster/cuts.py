"""A machine of the cluster on a disk that forgets: a cut loses all that was not synced, of etcd and images too."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab import cgroup
from tests.lab.disk import Disk, copy_sparse
from tests.lab.interrupt import DROP_INS, LISTEN, LOG, share
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.process import LabError, run

from .cluster import Cluster

MOMENT_SECONDS = 600
Comes = Callable[["Cuttable"], bool]


class Cuttable:
    """The machine of one node, its whole folder on such a disk."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._lab: Lab = cluster.lab
        folder = cluster.lab.folder / name
        self.disk = Disk(folder / "disk.img", folder / "disk")
        self.disk.format()
        share(folder)
        self.disk.mount()
        for part in ("upper", "work", "state"):
            (self.disk.folder / part).mkdir()
            (folder / part).symlink_to(self.disk.folder / part)
        self.machine: Machine = cluster.create(name)
        self.machine.write(f"{DROP_INS}/lab-listen.conf", LISTEN)
        run(["sync", "--file-system", str(self.disk.folder)]).check()

    def says(self, pattern: str) -> bool:
        """Whether a run of this boot has said something like this."""
        try:
            return re.search(pattern, self.machine.read(LOG), re.MULTILINE) is not None
        except FileNotFoundError:
            return False

    def runs(self, words: str) -> bool:
        """Whether a process with these words in its command line runs in the machine now."""
        for process in cgroup.processes(self.machine.group):
            try:
                if words in Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                    return True
            except (FileNotFoundError, ProcessLookupError):
                continue
        return False

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        return self.machine._path(path).exists()

    def wait_for(self, comes: Comes, what: str) -> None:
        """Wait for a moment at the pace of milliseconds."""
        deadline = time.monotonic() + MOMENT_SECONDS
        while not comes(self):
            if time.monotonic() > deadline:
                raise LabError(f"{what} never came\n{self.machine.read(LOG)[-3000:]}")
            time.sleep(0.02)

    def cut(self) -> None:
        """Cut the power."""
        self.disk.cut()
        self.machine.kill()
        self.machine.unmount_root()
        self.disk.unmount()
        self.disk.mount()
        self.machine.mount_root()

    def keep(self, image: Path) -> None:
        """Keep the disk of a machine without power."""
        run(["sync", "--file-system", str(self.disk.folder)]).check()
        copy_sparse(self.disk.image, image)

    def restore(self, image: Path) -> None:
        """Take its power, and give it that disk."""
        if self.machine.running:
            self.machine.kill()
        self.machine.unmount_root()
        self.disk.unmount()
        copy_sparse(image, self.disk.image)
        self.disk.mount()
        self.machine.mount_root()

    def remove(self) -> None:
        """Take its disk away, once its machine is gone."""
        folder = self.disk.folder
        for words in (["umount", str(folder)], ["umount", "--lazy", str(folder.parent)]):
            run(words)


def said(pattern: str) -> Comes:
    """The moment in which a run says so."""
    return lambda node: node.says(pattern)


def converged(step: str) -> Comes:
    """The boundary behind a step."""
    return said(rf" {step}: converged$")
