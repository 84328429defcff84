"""Running programs: one way, with the command and its output in every error."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class LabError(Exception):
    """The lab itself failed, not what it was testing."""


@dataclass(frozen=True)
class Result:
    """What a finished command left behind."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def check(self) -> Result:
        """This result, or a :class:`LabError` when the command failed."""
        if self.code != 0:
            message = f"{shlex.join(self.argv)}: exit {self.code}\n{self.out[-2000:]}{self.err[-2000:]}"
            raise LabError(message)
        return self


def run(
    argv: Sequence[str], *, text: str | None = None, timeout: float = 120, env: Mapping[str, str] | None = None
) -> Result:
    """Run a command to its end; ``timeout`` in seconds ends it and is an error."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout, env=env, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{shlex.join(argv)}: still running after {timeout:g} s") from error
    return Result(tuple(argv), done.returncode, done.stdout, done.stderr)


def wait_until(question: Callable[[], bool], what: str, *, seconds: float, every: float = 0.2) -> None:
    """Wait until the question is answered with yes; :class:`LabError` names what never came."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


class Daemon:
    """A program of the lab that runs until it is stopped, its output in a file."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it: asked first, killed after five seconds."""
        if self.running():
            os.killpg(self.pid, signal.SIGTERM)
        if not self.wait(5):
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
