"""One Go build at a time, told on the terminal, and given up only when it falls silent."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

from .process import LabError

SILENT_SECONDS = 1800
"""What a build may take without finishing one more package: as long as a whole build of everything took on two idle
cores (29 minutes, 2026-11), so that no load decides it."""

SAY_EVERY = 15
"""Seconds between two lines on the terminal."""

SETTINGS = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath -buildvcs=false"}


def build_programs(module: str, source: Path, words: Sequence[str], cache: Path, arch: str) -> None:
    """Build programs of a module for that processor; ``words`` go to ``go build``: what is built, how, and whereto.

    Go keeps every package that it has compiled: a build that was interrupted goes on where it was. ``LabError`` when it
    fails, or when no package was finished for ``SILENT_SECONDS``.
    """
    command = ["go", "build", "-C", str(source), "-v", *words]
    with _one_at_a_time(cache, module):
        began, said = time.monotonic(), time.monotonic()
        last: deque[str] = deque(maxlen=40)
        for count, line in enumerate(_lines(command, last, arch), 1):
            last.append(line)
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                _say(f"{module}: {count} packages, {said - began:.0f} s, now {line}")
        _say(f"{module}: built in {time.monotonic() - began:.0f} s")


@contextmanager
def _one_at_a_time(cache: Path, module: str) -> Iterator[None]:
    with (cache / "go-build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"{module}: waiting for another build on this machine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lines(command: Sequence[str], said: Iterable[str], arch: str) -> Iterator[str]:
    """What the build says, as it says it: a line for each package."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **SETTINGS, "GOARCH": arch},
    )
    lines: Queue[str | None] = Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    try:
        while (line := lines.get(timeout=SILENT_SECONDS)) is not None:
            yield line
    except Empty:
        raise LabError(f"{' '.join(command)}: not a word for {SILENT_SECONDS} s") from None
    finally:
        # Nobody listens to it any more.
        process.terminate()
    if (code := process.wait()) != 0:
        raise LabError(f"{' '.join(command)}: exit {code}\n" + "\n".join(said))


def _read(process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert process.stdout
    with process.stdout as output:
        for line in output:
            lines.put(line.rstrip())
    # Its end is known before anybody asks for its code.
    process.wait()
    lines.put(None)


def _say(text: str) -> None:
    # Past pytest, which would keep it until the end.
    print(text, file=sys.__stderr__, flush=True)
