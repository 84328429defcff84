"""A machine that is disturbed: its run killed, its power cut, at a moment that is known exactly."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from . import dress
from .disk import Disk, Volume, copy_sparse, stop_writing
from .lab import Lab
from .node import LAST_STEP, Rendered, check_steps, status
from .picture import Picture, differences, take
from .process import LabError, run, wait_until
from .vendors import Sources

VOLUME_GIB = 50
MOUNTED_VOLUME = "var/lib/meshstrap-data"
LOG = "/run/meshstrap-lab.log"
# What the run says goes to a file that is read from here, a moment later at most; the journal takes its time.
LISTEN = f"[Service]\nStandardError=append:{LOG}\n"
DROP_INS = "/etc/systemd/system/meshstrap.service.d"
HOLD = f"{DROP_INS}/lab-hold.conf"
FIRST_LINE = " machine_supported: "
SETTLE_SECONDS = 240


class Disturbed:
    """A node on a disk that forgets, with a blank block volume, and the ways to disturb it."""

    def __init__(self, lab: Lab, rendered: Rendered, image: Path | None = None) -> None:
        name = rendered.node.name
        self.lab = lab
        self.rendered = rendered
        folder = lab.folder / name
        self.disk = Disk(folder / "disk.img", folder / "disk")
        if image is None:
            self.disk.format()
        else:
            self.disk.folder.mkdir(parents=True, exist_ok=True)
            copy_sparse(image, self.disk.image)
        share(folder)
        lab.undo.append(self._remove)
        self.disk.mount()
        for part in ("upper", "work"):
            (self.disk.folder / part).mkdir(exist_ok=True)
            (folder / part).symlink_to(self.disk.folder / part)
        self.machine = lab.machine(name)
        self.volume = Volume(folder / "volume.img", VOLUME_GIB)
        self.volume.attach()
        self._attach()
        self._read = 0

    def _attach(self) -> None:
        self.machine.binds = ()
        dress.attach(self.machine, str(self.volume.device))

    def boot(self) -> None:
        """Power on, and read the log of the run anew; the run is not waited for."""
        self._read = 0
        self.machine.boot(wait=False)

    @property
    def log(self) -> str:
        """What the runs of this boot have said so far."""
        try:
            return self.machine.read(LOG)
        except FileNotFoundError:
            return ""

    def wait_for_log(self, pattern: str, seconds: float = SETTLE_SECONDS) -> str:
        """Wait, at the pace of milliseconds, for a line of a run that has begun since the last interruption."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.log[self._read :]
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return found.group()
            if " error " in text:
                raise LabError(f"the run failed\n{self.log}")
            time.sleep(0.002)
        raise LabError(f"nothing like {pattern!r} within {seconds:g} s\n{self.log}")

    def wait_for(self, question: Callable[[], bool], what: str) -> None:
        """Wait, at the pace of milliseconds, until something is the case."""
        wait_until(question, what, seconds=SETTLE_SECONDS, every=0.002)

    def settle(self) -> None:
        """Let a run come to its end: as far as the lab can hold a machine to."""
        self.wait_for_log(rf" {LAST_STEP}: converged$")
        # The status is written after the log: a picture must not find it half done.
        self.wait_for(lambda: status(self.machine).get("step") == "tailnet", "status at the step tailnet")

    def processes(self) -> dict[int, str]:
        """What runs in the unit now, by process id here, the script itself first: its command line."""
        found: dict[int, str] = {}
        parents: dict[int, int] = {}
        unit = self.machine.group / "payload/system.slice/meshstrap.service/cgroup.procs"
        try:
            for word in unit.read_text().split():
                found[int(word)] = Path(f"/proc/{word}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                # Behind the name, which may hold anything.
                parents[int(word)] = int(Path(f"/proc/{word}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            # Ended between two looks: the next one tells.
            pass
        return dict(sorted(found.items(), key=lambda item: parents.get(item[0]) in found))

    def kill(self, *, whole: bool) -> int:
        """Kill the run with SIGKILL: all its processes, as ``systemctl kill`` does, or the script alone; how many."""
        processes = list(self.processes())
        for process in processes if whole else processes[:1]:
            _slay(process)
        self._read = len(self.log)
        return len(processes)

    def cut(self) -> None:
        """Cut the power: nothing is written any more, neither to the disk nor to the volume, and all is dead."""
        self.disk.cut()
        mounted = self.machine._path(f"/{MOUNTED_VOLUME}")
        if mounted.is_mount():
            stop_writing(mounted)
        copy = self.volume.copy()
        self.machine.kill()
        self.machine.unmount_root()
        self.disk.unmount()
        self.volume.exchange(copy)
        self.disk.mount()
        self.machine.mount_root()
        self._attach()

    def reboot(self) -> None:
        """Shut down cleanly and power on."""
        self.machine.power_off()
        self.boot()

    def _remove(self) -> None:
        folder = self.disk.folder
        # The account's servers still write their logs there: lazily.
        for words in ("umount", folder), ("umount", "--lazy", folder.parent), ("losetup", "-d", self.volume.device):
            run([str(word) for word in words])


def share(folder: Path) -> None:
    """Let what is unmounted below a folder be unmounted everywhere.

    Each program that runs in a network namespace has copies of all mounts of its time. One that lives on would keep
    the file system of before a cut alive, and the next mount of the same disk would be that one again.
    """
    run(["mount", "--bind", str(folder), str(folder)]).check()
    # Private first: shared with nothing but its own copies.
    for kind in ("--make-private", "--make-shared"):
        run(["mount", kind, str(folder)]).check()


def _slay(process: int) -> None:
    """Kill a process, which may have ended by itself just now."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass(frozen=True)
class Calm:
    """What the disturbed are held to: a machine that was never disturbed.

    ``image`` is its disk when cloud-init was done and the first run had not begun, ``picture`` what it came to, and
    ``seconds`` how long its run took.
    """

    image: Path
    rendered: Rendered
    picture: Picture
    seconds: float

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that the lab can hold a machine to, in order."""
        steps = self.rendered.node.steps
        return steps[: steps.index(LAST_STEP) + 1]

    def machine(self, lab: Lab) -> Disturbed:
        """A copy of it, just powered on."""
        node = Disturbed(lab, self.rendered, self.image)
        lab.serve_metadata(node.machine, lab.encode(self.rendered.user_data.text))
        node.boot()
        return node

    def differs(self, node: Disturbed) -> list[str]:
        """Let a disturbed machine settle: what it differs in now, and which steps do not hold."""
        node.settle()
        broken = [line for line in check_steps(node.machine) if line.split()[1] != "ok"]
        return broken + differences(self.picture, take(node.machine))


def be_calm(folder: Path, cache: Path, rendered: Rendered, sources: Sources) -> Calm:
    """Make the image, and let a machine of it come to its end undisturbed."""
    calm = Calm(folder / "image", rendered, {}, 0)
    with Lab(folder / "first", cache) as lab:
        lab.serve(sources.folder)
        prepare(lab, rendered, sources, calm.image)
    with Lab(folder / "calm", cache) as lab:
        lab.serve(sources.folder)
        node = calm.machine(lab)
        node.wait_for_log(FIRST_LINE)
        began = time.monotonic()
        node.settle()
        return replace(calm, picture=take(node.machine), seconds=time.monotonic() - began)


def prepare(lab: Lab, rendered: Rendered, sources: Sources, image: Path) -> None:
    """Launch a machine as on OCI, hold its first run back, and keep its disk."""
    node = first_boot(lab, rendered, sources, hold=True)
    machine = node.machine
    if machine.run("cloud-init", "status", "--wait", timeout=180).code not in {0, 2}:
        raise LabError(machine.run("cloud-init", "status", "--long").out)
    machine.power_off()
    (machine.root / HOLD[1:]).unlink()
    machine.unmount_root()
    node.disk.unmount()
    copy_sparse(node.disk.image, image)


def first_boot(lab: Lab, rendered: Rendered, sources: Sources, *, hold: bool = False) -> Disturbed:
    """A machine at its very first boot: cloud-init is about to write what the user-data says."""
    node = Disturbed(lab, rendered)
    machine = node.machine
    lab.use_distribution(machine, sources)
    dress.as_ubuntu_image(lab, machine)
    machine.write(f"{DROP_INS}/lab-listen.conf", LISTEN)
    if hold:
        machine.write(HOLD, "[Unit]\nConditionPathExists=!/etc/systemd\n")
    # An image lies on its disk before the machine gets power.
    run(["sync", "--file-system", str(node.disk.folder)]).check()
    lab.launch(machine, lab.encode(rendered.user_data.text))
    return node
