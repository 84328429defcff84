"""This machine runs arm64 programs, each emulated by QEMU: needed to build a tree, never to boot it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.process import LabError, run

PLACE = Path("/proc/sys/fs/binfmt_misc")
# Of the Debian package qemu-user-static; systemd-binfmt reads it where there is a systemd.
SETTING = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")


@contextmanager
def arm64_programs() -> Iterator[None]:
    """Let the kernel start arm64 programs, as long as it is needed; one that could already goes on doing so."""
    if not (PLACE / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(PLACE)]).check()
    entry = PLACE / "qemu-aarch64"
    if entry.exists():
        yield
        return
    if not SETTING.exists():
        raise LabError(f"{SETTING} is missing: install qemu-user-static")
    (PLACE / "register").write_text(SETTING.read_text().strip())
    try:
        yield
    finally:
        entry.write_text("-1")
