"""A program of this machine that leads to a host, ended when the host falls silent."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

FIRST_SECONDS = 20
"""Until a host's first sign of life: resolving its name, connecting, logging in. A name alone takes 40 seconds where a
name server is silent, and no option of ssh bounds that."""

WHOLE_SECONDS = 200
"""Until it has said all: the questions bound themselves, the slowest is given 120 seconds."""


def run_bounded(
    argv: Sequence[str], first: float = FIRST_SECONDS, whole: float = WHOLE_SECONDS
) -> tuple[int, bytes, bytes]:
    """Exit code, output and complaints. 255, as ssh's own failures, when nothing came within ``first`` seconds."""
    # Unbuffered, so that the first byte can be waited for by itself.
    process = subprocess.Popen(
        argv,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    given_up = threading.Event()

    def give_up() -> None:
        given_up.set()
        _end(process)

    silence = threading.Timer(first, give_up)
    silence.start()
    head = process.stdout.read(1) if process.stdout else b""
    silence.cancel()
    try:
        out, err = process.communicate(timeout=whole)
    except subprocess.TimeoutExpired:
        _end(process)
        process.communicate()
        return 255, b"", f"it fell silent: no end within {whole:g} s".encode()
    if given_up.is_set():
        return 255, b"", f"no answer within {first:g} s".encode()
    return process.returncode, head + out, err


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and everything that it has started, such as ssh's ProxyCommand."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
