"""One lab at a time on a machine, what other work its CPUs do, and who of several programs gets them first."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import IO

import pytest

PLACE = Path("/run/meshstrap-lab.turn")
BUSY = 0.1
"""Above this share of the CPUs for other work a run's seconds say little, and its ratios less than they should.

Seen on an idle machine: 0.01 to 0.05 (2026-11).
"""

_PREFERRED, _BEHIND = -10, 19
_AUTOGROUP = Path("/proc/self/autogroup")


def busy_share(seconds: float = 10) -> float:
    """How much of its CPUs this machine spends on other work, over so many seconds: 0 to 1 (proc_stat(5))."""

    def jiffies() -> tuple[int, int]:
        user, nice, system, idle, waiting, *rest = map(int, Path("/proc/stat").read_text().split()[1:9])
        return idle + waiting, user + nice + system + idle + waiting + sum(rest)

    idle, total = jiffies()
    time.sleep(seconds)
    idle_then, total_then = jiffies()
    return 1 - (idle_then - idle) / (total_then - total)


def prefer(process: int | None = None) -> None:
    """Get the CPUs before other sessions of processes do, or let the session of another process get them.

    Where the kernel groups processes by session, ``nice`` counts within a session only (sched(7), autogroup).
    """
    _weigh(_PREFERRED, Path(f"/proc/{process}/autogroup") if process else _AUTOGROUP)


def stay_behind() -> None:
    """Get the CPUs when no other session of processes wants them; for a program in a session of its own."""
    _weigh(_BEHIND)


def _weigh(nice: int, group: Path = _AUTOGROUP) -> None:
    # Empty: no session of its own, as where an init that knows none started it, and nothing to weigh.
    if group.exists() and group.read_text():
        try:
            group.write_text(str(nice))
        except OSError as error:
            # Only slower: who may not ask for it, as in some containers, still runs.
            print(f"{group}: {error}", file=sys.stderr)  # noqa: T201 - a note for whoever runs the lab


NOT_WAITING = "--beside does not wait"


def take_turn(what: str, hint: str = "Ctrl-C gives up") -> IO[str]:
    """Wait until no other lab runs on this machine, saying which one does; it ends with the process or ``close``.

    ``hint``: what a person can do meanwhile.
    """
    file = PLACE.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        # Not through pytest, which would keep it until the end.
        print(f"waiting for {file.read().strip()}; {hint}", file=sys.__stderr__, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    file.truncate(0)
    file.write(f"{what} (process {os.getpid()}, since {datetime.now().astimezone():%H:%M})\n")
    file.flush()
    return file


class Turn:
    """The plugin: a run of a lab waits for its turn, is preferred, and says how busy the machine was before it."""

    def __init__(self, config: pytest.Config, what: str) -> None:
        self._turn = None if config.getoption("--beside") else take_turn(what, NOT_WAITING)
        self.busy = busy_share(3)
        prefer()

    def _said(self) -> str:
        share = f"other work took {self.busy:.0%} of this machine's CPUs just before"
        return f"{share}: its times are too long" if self.busy > BUSY else share

    def pytest_report_header(self) -> str:
        """One line."""
        return self._said()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The same beside the result, when it matters."""
        if self.busy > BUSY:
            terminalreporter.write_line(self._said(), yellow=True)

    def pytest_unconfigure(self) -> None:
        """Let the next one begin, and give the terminal's session its share back."""
        _weigh(0)
        if self._turn:
            self._turn.close()
