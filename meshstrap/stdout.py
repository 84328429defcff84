"""Standard output, when whoever reads it has gone, as ``head`` does once it has its lines."""

from __future__ import annotations

import os
import select
import sys
from typing import NoReturn

NOBODY_READS = 141
"""The exit code then: a shell's word for SIGPIPE, 128 + 13."""


def nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader has gone."""
    look = select.poll()
    look.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in look.poll(0))


def let_go() -> None:
    """What Python still holds for standard output goes nowhere: it would write that once more at its end, and fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end_unread() -> NoReturn:
    """End without a word."""
    let_go()
    raise SystemExit(NOBODY_READS)
