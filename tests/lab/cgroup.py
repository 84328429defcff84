"""A cgroup of its own for every boot of every machine.

A cgroup that is used again still holds the BPF programs of the boot before, which no real machine does.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
# What a session has at nice -10 (kernel/sched/core.c, sched_prio_to_weight); all begin with 1024.
_PREFERRED = 9548
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "devices", "freezer", "blkio", "pids", "systemd", "memory")


def _hierarchies(*, controllers: bool) -> list[Path]:
    if not (ROOT / "unified").is_dir():
        return [ROOT]
    roots = [ROOT / "unified"]
    if controllers:
        # Below the caller's own memory cgroup, so that its limit goes on holding.
        own = re.search(r"^\d+:memory:(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
        memory = ROOT / "memory" / (own.group(1).lstrip("/") if own else "")
        roots += [memory if name == "memory" else ROOT / name for name in CONTROLLERS]
    return roots


def make(name: str, *, controllers: bool) -> list[Path]:
    """Make the machine's cgroup in each hierarchy that it needs; a process enters by its ``cgroup.procs`` files."""
    groups = []
    for root in _hierarchies(controllers=controllers):
        group = root / name
        remove(group)
        group.mkdir()
        if root.name == "cpuset":
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (group / setting).write_text((root / setting).read_text())
        groups.append(group)
    return groups


def prefer(group: Path) -> None:
    """Let its processes get the CPUs before others, as :func:`tests.lab.turn.prefer` lets a session of them."""
    shares = group / "cpu.shares"
    if shares.exists():
        shares.write_text(str(_PREFERRED))


def all_of(prefix: str) -> list[Path]:
    """The cgroups of all machines of a lab."""
    return [group for root in _hierarchies(controllers=True) for group in root.glob(f"{prefix}-*")]


def processes(group: Path) -> list[int]:
    """The processes in a cgroup and in those below it; one that is removed meanwhile has none."""
    found: list[int] = []
    # Unlike Path.rglob it passes over what is gone by then: a service that ends takes its cgroup along.
    for folder, _, _ in os.walk(group):
        with suppress(OSError):
            found += map(int, Path(folder, "cgroup.procs").read_text().split())
    return found


def remove(group: Path) -> None:
    """Remove a cgroup and those below it; processes must have left."""
    if group.is_dir():
        for child in group.iterdir():
            if child.is_dir():
                remove(child)
        group.rmdir()
