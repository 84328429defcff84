"""The moments at which a machine is disturbed: in the middle of what takes long, and random ones."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from random import Random

from .interrupt import Disturbed
from .process import Daemon

# Moments on one machine, one after the other: three machines for each kind of disturbance make thirty.
IN_A_ROW = 5


@dataclass(frozen=True)
class Moment:
    """A moment in the middle of something: ``comes`` tells when it is there."""

    name: str
    comes: Callable[[Disturbed], bool]
    silent_from: Callable[[Disturbed], bool] | None = None

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def reached(self, node: Disturbed, servers: Daemon) -> Iterator[None]:
        """Wait for the moment, and hold on to it where that can be done: who asks a silent server waits."""
        silent_from = self.silent_from
        if silent_from is not None:
            node.wait_for(lambda: silent_from(node), f"the time before {self.name}")
        with nullcontext() if silent_from is None else silence(servers):
            node.wait_for(lambda: self.comes(node), self.name)
            yield


@contextmanager
def silence(server: Daemon) -> Iterator[None]:
    """Let a server answer nobody for a while: whoever asks waits."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _formats(node: Disturbed) -> bool:
    return any(line.startswith("mkfs.ext4") for line in node.processes().values())


def _downloads_a_key(node: Disturbed) -> bool:
    return any("curl" in line and "key.asc" in line for line in node.processes().values())


def _has_gpg(node: Disturbed) -> bool:
    # The tools for the keys come from the same server, before the keys.
    return (node.disk.folder / "upper/usr/bin/gpg").exists()


def _fetches(node: Disturbed) -> bool:
    return any((node.disk.folder / "upper/var/cache/apt/archives/partial").glob("containerd*"))


def _unpacks(node: Disturbed) -> bool:
    # dpkg writes each file of a package under this name, and renames all once they are complete.
    return any((node.disk.folder / "upper/usr/bin").glob("*.dpkg-new"))


def _configures(node: Disturbed) -> bool:
    # Of the planned packages, not of the tools that fetch them.
    unpacked = (node.disk.folder / "upper/usr/bin/kubelet").exists()
    return unpacked and any("--configure --pending" in line for line in node.processes().values())


# In the order in which a run comes to them.
MOMENTS = (
    Moment("mkfs", _formats),
    Moment("key-download", _downloads_a_key, silent_from=_has_gpg),
    Moment("package-download", _fetches),
    Moment("unpacking", _unpacks),
    Moment("configuring", _configures),
)


def random_moments(seed: str, seconds: float) -> Iterator[tuple[float, Random]]:
    """For each run in a row: seconds after its beginning, when a whole run takes so many, and dice for the rest."""
    dice = Random(seed)  # noqa: S311 - drawn again from a printed seed, and no secret
    # A run that goes on after another has less to do: most would be over before a moment late in a whole one.
    for _ in range(IN_A_ROW):
        moment = dice.uniform(0, 0.7 * seconds)
        print(f"{seed}: disturbed after {moment:.2f} s")  # noqa: T201 - pytest shows it with a failure
        yield moment, dice
