"""Programs that tests start: each is ended with the test that started it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def ended(process: subprocess.Popen[AnyStr]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Kill it at the end; ``with Popen(…)`` alone would wait for it for ever when a test fails before its end."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def hear_ctrl_c() -> None:
    """A shell that starts a program in the background has it ignore SIGINT, and all that it starts inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
