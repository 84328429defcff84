"""An emulated machine in an account of the lab: a kernel, a firmware, disks and a clock of its own; reached by ssh."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.lab.instance import Instance
from tests.lab.network import Account
from tests.lab.process import Daemon, LabError, Result, run, wait_until
from tests.lab.turn import prefer

from .qemu import VARIABLES, Hardware

# Emulated a first boot takes four minutes of an idle machine, and other labs may run beside: it is a limit against
# hanging for ever, and says nothing else.
BOOT_SECONDS = 3600
POWER_OFF_SECONDS = 900
LOOK_EVERY = 10
"""Seconds between two looks at it: each takes the machine's own time, a second of it."""
# Of the account's subnet, where nobody else is: the person who logs in.
PERSON = "10.0.0.250/24"
LOGIN = "debian"
TAP = "tap0"
# The smallest volumes that Oracle has, in GiB: the boot volume has room to grow into.
VOLUME_GIB = 50


@dataclass
class EmulatedMachine(Instance):
    """One machine. ``disk`` is what its boot volume begins with, ``key`` the private key that logs in."""

    name: str
    account: Account
    disk: Path
    folder: Path
    key: Path

    def __post_init__(self) -> None:
        self.console = self.folder / "console.log"
        self.hardware = Hardware(self.name, self.folder, TAP, self.account.mac)
        self._qemu: Daemon | None = None
        self._master: Daemon | None = None
        self.booted = 0.0
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(VARIABLES, self.folder / VARIABLES.name)
        boot, block = self.hardware.disks
        thin = ["-F", "qcow2", "-b", str(self.disk)]
        for name, options in ((boot, thin), (block, [])):
            create = ["qemu-img", "create", "-q", "-f", "qcow2", *options, str(self.folder / name), f"{VOLUME_GIB}G"]
            run(create).check()
        self.login = LOGIN
        self._cable()

    def _cable(self) -> None:
        net = ["ip", "-n", self.account.machine]
        # The bridge would keep what is meant for the machine, did its port have the machine's own address.
        own = self.account.mac.replace("02:00", "02:fe", 1)
        for words in (
            f"link set ens3 address {own}",
            "link add br0 mtu 9000 type bridge",
            f"tuntap add {TAP} mode tap",
            f"link set {TAP} mtu 9000 master br0 up",
            "link set ens3 master br0 up",
            f"addr add {PERSON} dev br0",
            "link set br0 up",
            "link set lo up",
        ):
            run([*net, *words.split()]).check()

    @property
    def running(self) -> bool:
        """Whether the machine has power."""
        return self._qemu is not None and self._qemu.running()

    def boot(self, *, wait: bool = True, clock_off: timedelta = timedelta()) -> None:
        """Power on; returns when one can log in and systemd has a bus, or at once without ``wait``.

        Its own clock is ``clock_off`` what this machine's says.
        """
        self.booted = time.time()
        inside = ["ip", "netns", "exec", self.account.machine]
        self._qemu = Daemon([*inside, *self.hardware.command(datetime.now(UTC) + clock_off)], self.folder / "qemu.log")
        prefer(self._qemu.pid)
        if wait:
            self.wait_for_login()

    def wait_for_login(self) -> None:
        """Wait until cloud-init has let us in, and systemd answers."""
        wait_until(self._is_up, f"{self.name}: a login (see {self.console})", seconds=BOOT_SECONDS, every=LOOK_EVERY)

    def _is_up(self) -> bool:
        if not self.running:
            raise LabError(f"{self.name}: did not start\n{(self.folder / 'qemu.log').read_text()[-2000:]}")
        return self.run("systemctl", "is-system-running").out.strip() in {"starting", "running", "degraded"}

    def _ssh(self, *options: str) -> list[str]:
        known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        place = ["-i", str(self.key), "-S", str(self.folder / "ssh"), f"{self.login}@{self.account.address}"]
        inside = ["ip", "netns", "exec", self.account.machine]
        return [*inside, "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=60", *known, *options, *place]

    def _connect(self) -> None:
        """One connection for all commands: to agree on keys takes an emulated processor seconds."""
        if self._master is None or not self._master.running():
            (self.folder / "ssh").unlink(missing_ok=True)
            alive = ("-o", "ServerAliveInterval=60", "-o", "ServerAliveCountMax=10")
            self._master = Daemon(self._ssh("-M", "-N", *alive), self.folder / "ssh.log")
        # It ends by itself when nobody answers, and the next call begins another one.
        while self._master.running() and not (self.folder / "ssh").exists():
            time.sleep(0.2)

    def run(self, *argv: str, text: str | None = None, timeout: float = 120) -> Result:
        """Run a command in the machine, as root. It has ten times as long as a machine that is not emulated."""
        if not self.running:
            raise LabError(f"{self.name} has no power")
        self._connect()
        command = shlex.join(["sudo", "env", "LANG=C.UTF-8", *argv])
        return run([*self._ssh(), "--", command], text=text or "", timeout=timeout * 10)

    def power_off(self) -> None:
        """Shut down cleanly and wait for it."""
        self.run("systemctl", "poweroff")
        if self._qemu is not None and not self._qemu.wait(POWER_OFF_SECONDS):
            raise LabError(f"{self.name}: still has power (see {self.console})")
        self._hang_up()

    def kill(self) -> None:
        """Cut the power: nothing is stopped or written before, and what its kernel had not written yet is lost."""
        if self._qemu is not None and self._qemu.running():
            os.kill(self._qemu.pid, signal.SIGKILL)
            self._qemu.wait(60)
        self._hang_up()

    def _hang_up(self) -> None:
        if self._master is not None:
            self._master.stop()
        self._qemu, self._master = None, None

    def read(self, path: str) -> str:
        """The text of a file of the machine, which has power."""
        found = self.run("cat", path)
        if found.code != 0:
            raise FileNotFoundError(found.err)
        return found.out

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the machine, which has power."""
        self.run("install", "-D", "-m", f"{mode:o}", "/dev/stdin", path, text=text).check()

    def remove(self) -> None:
        """Take its power and its disks away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
