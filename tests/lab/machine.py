"""A machine: an overlay of a base tree, booted by systemd-nspawn in a network namespace of the lab's own."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import cgroup
from .instance import Instance
from .kubelet_host import STATE, prepare_kubelet_host
from .network import Account
from .process import Daemon, LabError, Result, run, wait_until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_SECONDS = 90
POWER_OFF_SECONDS = 40


@dataclass
class Machine(Instance):
    """One machine. ``kubelet``: booted with cgroup v1 controllers: it needs them on a host without pure cgroup v2."""

    name: str
    account: Account
    tree: Path
    folder: Path
    kubelet: bool = False
    binds: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.folder / "root"
        self.console = self.folder / "console.log"
        self._nspawn: Daemon | None = None
        self._leader = 0
        self._groups: list[Path] = []
        self._boots = 0
        self.booted = 0.0
        self._mount()

    def _mount(self) -> None:
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # A folder that holds a machine's disk already is that machine, not a fresh image.
        self.fresh = not any((self.folder / "upper").iterdir())
        self.mount_root()
        if self.fresh:
            self._forget_identity()
            if self.kubelet:
                prepare_kubelet_host(self.root)

    def mount_root(self) -> None:
        """Mount the machine's disk where its files are read and written."""
        options = f"lowerdir={self.tree},upperdir={self.folder}/upper,workdir={self.folder}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", options, str(self.root)]).check()

    def unmount_root(self) -> None:
        """Let go of the disk of a machine without power."""
        run(["umount", str(self.root)]).check()

    def _forget_identity(self) -> None:
        # cloud-init brings the hostname, systemd the machine-id: a fresh image has neither.
        for path in ("etc/hostname", "etc/machine-id", "etc/resolv.conf"):
            (self.root / path).unlink(missing_ok=True)
        (self.root / "etc/machine-id").write_text("uninitialized\n")
        (self.root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")

    @property
    def group(self) -> Path:
        """Its cgroup of version 2, where its units' cgroups are seen from outside."""
        return self._groups[0]

    @property
    def suite(self) -> str:
        """The Debian release that its tree was built from."""
        return self.tree.name.split("-")[1]

    @property
    def running(self) -> bool:
        """Whether the machine has power."""
        return self._nspawn is not None and self._nspawn.running()

    def boot(self, *, wait: bool = True) -> None:
        """Power on; returns when systemd has a bus, or at once without ``wait``."""
        self._boots += 1
        self.booted = time.time()
        if self.kubelet:
            self._mount_state()
        self._groups = cgroup.make(f"{self.account.machine}-{self._boots}", controllers=self.kubelet)
        enter = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'
        procs = [str(group / "cgroup.procs") for group in self._groups]
        self._nspawn = Daemon(["sh", "-c", enter, "sh", *procs, "--", *self._command()], self.console)
        wait_until(self._find_leader, f"{self.name}: a first process", seconds=20)
        if wait:
            wait_until(self._is_up, f"{self.name}: systemd up (see {self.console})", seconds=BOOT_SECONDS)

    def prefer(self) -> None:
        """Get the CPUs before others do, as long as it has power."""
        for group in self._groups:
            cgroup.prefer(group)

    def _mount_state(self) -> None:
        (self.folder / "bpf").mkdir(exist_ok=True)
        # Shared by two machines, or by two boots of one, it would hand one agent the other's programs.
        run(["mount", "-t", "bpf", "bpf", str(self.folder / "bpf")]).check()
        for name in STATE:
            (self.folder / f"state{name}").mkdir(parents=True, exist_ok=True)

    def _state_binds(self) -> list[str]:
        if not self.kubelet:
            return []
        return [f"{self.folder}/bpf:/sys/fs/bpf", *(f"{self.folder}/state{path}:{path}" for path in STATE)]

    def _command(self) -> list[str]:
        form = "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes" if self.kubelet else "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"
        calls = "add_key keyctl request_key bpf perf_event_open" + (" @module" if self.kubelet else "")
        namespace = f"/run/netns/{self.account.machine}"
        command = [
            "env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes", form,
            # Before nspawn starts: its own option alone would leave the root namespace's /sys in the machine.
            "nsenter", f"--net={namespace}",
            "systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot", "--machine", self.name,
            "--register=no", "--keep-unit", f"--network-namespace-path={namespace}", "--capability=all",
            f"--system-call-filter={calls}", "--bind=/dev/net/tun", "--bind=/dev/kmsg",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
            *(f"--bind={bind}" for bind in (*self.binds, *self._state_binds())),
        ]  # fmt: skip
        if self.kubelet:
            command += ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
        return command

    def _find_leader(self) -> bool:
        if self._nspawn is None or not self._nspawn.running():
            raise LabError(f"{self.name}: did not start\n{self.console.read_text()[-2000:]}")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() in {"systemd", "init"}:
                self._leader = int(child)
                return True
        return False

    def _is_up(self) -> bool:
        return self.run("systemctl", "is-system-running").out.strip() in {"starting", "running", "degraded"}

    def run(self, *argv: str, text: str | None = None, timeout: float = 120) -> Result:
        """Run a command in the machine, as root."""
        return run([*self._inside(), *argv], text=text, timeout=timeout)

    def shell(self) -> list[str]:
        """The command that opens a shell in the machine, for a person."""
        return [*self._inside(), "KUBECONFIG=/etc/kubernetes/admin.conf", "TERM=xterm", "bash", "-l"]

    def _inside(self) -> Sequence[str]:
        if not self.running:
            raise LabError(f"{self.name} has no power")
        enter = ["nsenter", "-t", str(self._leader), *"-m -u -i -n -p -C -r -w".split()]
        settings = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "container": "systemd-nspawn", **self.environment}
        return [*enter, "env", "-i", *(f"{name}={value}" for name, value in settings.items())]

    def power_off(self) -> None:
        """Shut down cleanly and wait for it."""
        self.run("systemctl", "poweroff")
        if self._nspawn is not None and not self._nspawn.wait(POWER_OFF_SECONDS):
            # A kubelet's machine stops all units and unmounts, and its last process stays in here (not traced).
            self.kill()
        else:
            self._forget()

    def kill(self) -> None:
        """Cut the power: its first process is killed, nothing is stopped before, links and cgroups go."""
        if self._leader:
            os.kill(self._leader, signal.SIGKILL)
        if self._nspawn is not None and not self._nspawn.wait(20):
            self._nspawn.stop()
        self._forget()

    def _forget(self) -> None:
        self._nspawn, self._leader = None, 0
        for group in self._groups:
            cgroup.remove(group)
        if self.kubelet:
            run(["umount", str(self.folder / "bpf")]).check()
        self.account.plug_nic()

    def read(self, path: str) -> str:
        """The text of a file of the machine; powered off or not."""
        return self._path(path).read_text()

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the machine."""
        target = self._path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def _path(self, path: str) -> Path:
        # A running machine's /run and its own mounts are seen only through its first process.
        root = Path(f"/proc/{self._leader}/root") if self._leader else self.root
        return root / path.lstrip("/")

    def remove(self) -> None:
        """Take its power and its disk away."""
        if self.running:
            self.kill()
        run(["umount", "--lazy", str(self.root)])
        for name in ("upper", "work", "root", "state"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
