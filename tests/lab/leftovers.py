"""What a lab leaves behind that was killed before it could clean up, and the sweep that takes it away."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from . import cgroup
from .process import run, wait_until

# A file for each lab, named as its prefix, with the lab's folder in it: all that a sweep has to know.
REGISTER = Path("/run/meshstrap-lab")
_NAMESPACES = Path("/run/netns")


def register(prefix: str, folder: Path) -> None:
    """Take note of a lab that begins."""
    REGISTER.mkdir(exist_ok=True)
    (REGISTER / prefix).write_text(str(folder.resolve()))


def forget(prefix: str) -> None:
    """A lab has cleaned up behind itself."""
    (REGISTER / prefix).unlink(missing_ok=True)


def sweep() -> list[str]:
    """Take away what labs left whose process is gone; their prefixes."""
    swept = []
    for entry in sorted(REGISTER.iterdir()) if REGISTER.is_dir() else ():
        process = entry.name.removeprefix("ms").partition("-")[0]
        if not Path(f"/proc/{process}").exists():
            _remove(entry.name, Path(entry.read_text()))
            entry.unlink(missing_ok=True)
            swept.append(entry.name)
    return swept


def _remove(prefix: str, folder: Path) -> None:
    spaces = [space.name for space in _NAMESPACES.glob(f"{prefix}-*")]
    groups = cgroup.all_of(prefix)
    # Whatever runs in the lab's own namespaces and cgroups is the lab's.
    _end(int(process) for space in spaces for process in run(["ip", "netns", "pids", space]).out.split())
    for group in groups:
        _end(cgroup.processes(group))
        wait_until(lambda group=group: not cgroup.processes(group), f"{group} empty", seconds=20)  # type: ignore[misc]
    for mount in _mounts_below(folder):
        run(["umount", "--lazy", mount])
    for line in run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]).out.splitlines():
        device, _, file = line.partition(" ")
        if file.strip().startswith(f"{folder}/"):
            run(["losetup", "--detach", device])
    for space in spaces:
        run(["ip", "netns", "del", space])
    for group in groups:
        cgroup.remove(group)
    shutil.rmtree(folder, ignore_errors=True)


def _end(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _mounts_below(folder: Path) -> list[str]:
    """The deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{folder}/")), reverse=True)
