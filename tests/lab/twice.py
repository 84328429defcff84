"""One run of the steps that the lab holds a machine to, timed, and what it wrote and restarted, seen from outside."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from .instance import Instance
from .node import LAST_STEP, SCRIPT
from .process import Result

# Where a run may write: each of these files is known by inode, mode, owner, size, times and content.
CONTENT = ("/etc", "/opt", "/usr/local", "/var/lib/meshstrap")
# What others write at any time, and the one file that each run of ours does.
OTHERS = ("/var/log", "/var/lib/systemd", "/var/lib/private", "/var/lib/meshstrap/status.json")
# Restarts itself every ten seconds until kubeadm has configured it, which is after the lab's last step.
RESTLESS = "kubelet.service"
# Begun by the bus whenever timedatectl asks whether the clock is right, and gone again half a minute later.
ON_DEMAND = "systemd-timedated.service"

_FILES = r"""
cd /
find / -xdev ! -type d -printf '%p\t%i %y %m %U %G %s %T@ %C@ %l\n'
find "$@" -xdev ! -type d -type f -exec sha256sum {} + | sed -E 's/^([0-9a-f]+)  (.*)/\2#content\t\1/'
"""


def up_to_the_tailnet(script: str) -> str:
    """The script with its list of steps cut behind the lab's last one: whole runs of it come to an end."""
    return re.sub(rf"^(readonly STEPS=\(.*\b{LAST_STEP}\b).*\)$", r"\1)", script, count=1, flags=re.MULTILINE)


def files(machine: Instance) -> dict[str, str]:
    """Every file of the machine's disk as far as a run could write it, by path."""
    listed = machine.run("bash", "-c", _FILES, "bash", *CONTENT).check().out.splitlines()
    pairs = (line.split("\t", 1) for line in listed)
    return {path: state for path, state in pairs if not path.startswith(OTHERS)}


def starts(machine: Instance) -> dict[str, str]:
    """When each unit last became active, in microseconds since the boot, by name."""
    asked = ["systemctl", "show", "*", "--all", "--property=Id,ActiveEnterTimestampMonotonic"]
    found = {}
    for block in machine.run(*asked).check().out.split("\n\n"):
        said = dict(line.split("=", 1) for line in block.splitlines())
        found[said["Id"]] = said["ActiveEnterTimestampMonotonic"]
    found.pop(ON_DEMAND, None)
    return found


@dataclass(frozen=True)
class Run:
    """What a run said and did. ``seconds`` are of the wall; ``written`` paths and ``restarted`` units are sorted."""

    result: Result
    seconds: float
    written: tuple[str, ...]
    restarted: tuple[str, ...]

    @property
    def levels(self) -> dict[str, str]:
        """The last level that it logged for each step."""
        logged = re.findall(r"^\S+Z (\w+) +(\w+): ", self.result.err, re.MULTILINE)
        return {step: level for level, step in logged}


def watch(machine: Instance, path: str = SCRIPT) -> Run:
    """Run the script by hand, and look at the machine before and after."""
    files_before, starts_before = files(machine), starts(machine)
    begin = time.monotonic()
    result = machine.run("bash", path, timeout=600)
    seconds = time.monotonic() - begin
    files_after, starts_after = files(machine), starts(machine)
    return Run(result, seconds, _differing(files_before, files_after), _differing(starts_before, starts_after))


def _differing(before: dict[str, str], after: dict[str, str]) -> tuple[str, ...]:
    names = before.keys() | after.keys()
    return tuple(sorted(name for name in names if before.get(name) != after.get(name)))
