"""What goes wrong on real machines, each for as long as a ``with`` lasts, and then it is cured."""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .lab import Lab
from .machine import Machine
from .node import settled, status
from .packages import SigningKey
from .process import LabError, run
from .vendors import Sources

# Other programs' locks are fcntl's, not flock's.
_HOLD = (
    "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(float(sys.argv[2]))"
)


def wait_status(
    machine: Machine, wanted: Callable[[dict[str, Any]], bool], what: str, seconds: float
) -> dict[str, Any]:
    """Wait until the machine says something of itself; the error tells what it said last."""
    deadline = time.monotonic() + seconds
    while not wanted(state := status(machine)):
        if time.monotonic() > deadline:
            last = {name: state.get(name) for name in ("state", "step", "tries", "message", "next")}
            raise LabError(f"{machine.name} did not say {what} within {seconds:g} s; it says {last}")
        time.sleep(0.3)
    return state


def wait_says(machine: Machine, words: str, *, state: str = "", seconds: float = 120) -> dict[str, Any]:
    """Wait until its message has these words in it, and, if given, its state is that."""
    return wait_status(
        machine, lambda said: words in said.get("message", "") and state in {"", said["state"]}, repr(words), seconds
    )


def wait_cured(machine: Machine, seconds: float = 240) -> dict[str, Any]:
    """Wait until all steps before the tailnet hold; unlike ``wait_settled`` it lets failed runs pass: others follow."""
    return wait_status(machine, settled, "that it is settled", seconds)


def retry_soon(machine: Machine) -> None:
    """Let the unit try again after 3 seconds instead of 30. The way is the same; the first boot's test waits the 30."""
    machine.write("/etc/systemd/system/meshstrap.service.d/lab.conf", "[Service]\nRestartSec=3s\n")
    machine.run("systemctl", "daemon-reload").check()


def start_again(machine: Machine) -> None:
    """What a boot does, or a person: begin a run. A run's own beginning is waited for, so that no old word is read."""
    before = status(machine).get("started")
    machine.run("systemctl", "stop", "meshstrap").check()
    machine.run("systemctl", "reset-failed", "meshstrap")
    time.sleep(1.1)  # its times are whole seconds
    machine.run("systemctl", "start", "meshstrap").check()
    wait_status(machine, lambda said: said.get("started") != before, "that a new run began", 60)


def lose_package(machine: Machine, name: str) -> None:
    """Remove an installed package, so that the next run has packages to fetch and to install."""
    machine.run("systemctl", "stop", "meshstrap").check()
    machine.run("apt-get", "clean").check()
    machine.run("apt-mark", "unhold", name).check()
    machine.run("dpkg", "--remove", "--force-depends", name).check()


@contextmanager
def locked(machine: Machine, path: str, seconds: float) -> Iterator[None]:
    """Another process of the machine holds a lock file for that long, whoever waits."""
    hold = shlex.join(["python3", "-c", _HOLD, path, str(seconds)])
    machine.bash(f"systemd-run --quiet --collect --unit=lab-holder {hold}").check()
    yield
    machine.run("systemctl", "stop", "lab-holder")


@contextmanager
def no_repository(lab: Lab, sources: Sources) -> Iterator[None]:
    """The web servers are down, then up again."""
    for daemon in lab._servers:
        daemon.stop()
    try:
        yield
    finally:
        lab.serve(sources.folder)


@contextmanager
def no_dns(machine: Machine) -> Iterator[None]:
    """The subnet's resolver is gone, then back; DHCP goes on."""
    _resolver(machine, "port=0\n")
    try:
        yield
    finally:
        _resolver(machine, "")


def _resolver(machine: Machine, setting: str) -> None:
    account = machine.account
    for daemon in account._daemons:
        if Path(f"/proc/{daemon.pid}/comm").read_text().strip() == "dnsmasq":
            daemon.stop()
    settings = account.folder / "dnsmasq.conf"
    settings.write_text(settings.read_text().replace("port=0\n", "") + setting)
    account._daemons = [daemon for daemon in account._daemons if daemon.running()]
    account.serve("dnsmasq", "-k", "-C", str(settings))


@contextmanager
def nearly_full(disk: Path, left_kib: int) -> Iterator[None]:
    """The file system that ``disk`` is mounted from has so much room left."""
    filler = disk / "filler"
    stat = os.statvfs(disk)
    # It takes what there is and then complains, when nothing is to be left.
    run(["fallocate", "--length", str(stat.f_bavail * stat.f_frsize - left_kib * 1024), str(filler)])
    if os.statvfs(disk).f_bavail * stat.f_frsize > (left_kib + 1024) * 1024:
        raise LabError(f"{disk} did not fill")
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(machine: Machine, path: str) -> Iterator[None]:
    """A folder of the machine is mounted read-only."""
    machine.run("mount", "--bind", path, path).check()
    machine.run("mount", "-o", "remount,bind,ro", path).check()
    try:
        yield
    finally:
        machine.run("umount", "--lazy", path).check()


@contextmanager
def dated_ahead(sources: Sources, repository: str, hours: float) -> Iterator[None]:
    """A repository's release file is from the future: what a machine sees whose clock is that much behind."""
    folder = sources.folder / repository
    release, signed = folder / "Release", folder / "InRelease"
    text, before = release.read_text(), signed.read_bytes()
    key = SigningKey.__new__(SigningKey)  # the key that signed it, not a new one
    key._home = sources.folder.with_name(f"{sources.folder.name}-key")
    ahead = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S UTC")
    lines = [f"Date: {ahead}" if line.startswith("Date:") else line for line in text.splitlines()]
    try:
        release.write_text("\n".join(lines) + "\n")
        key.clearsign(release, signed)
        yield
    finally:
        release.write_text(text)
        signed.write_bytes(before)
        key.close()


def content(image: Path) -> str:
    """The digest of every byte that is on a sparse disk, and of where it is."""
    found = hashlib.sha256()
    with image.open("rb") as file:
        at, end = 0, image.stat().st_size
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            hole = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            file.seek(at)
            found.update(f"{at}-{hole}".encode() + file.read(hole - at))
            at = hole
    return found.hexdigest()
