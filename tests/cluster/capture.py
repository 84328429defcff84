"""Packets seen on an interface of the lab while something happens."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.process import Daemon, LabError, wait_until


class Capture:
    """A context: afterwards ``packets`` holds a line for each packet that the filter let through."""

    def __init__(self, namespace: str, device: str, expression: str) -> None:
        self._command = ["ip", "netns", "exec", namespace, "tcpdump", "-n", "-l", "-U", "-i", device, expression]
        self.packets: list[str] = []

    def __enter__(self) -> Self:
        # tcpdump says on the same stream when it has begun; it must see what comes right after.
        self._log = Path(tempfile.mkstemp(prefix="capture")[1])
        self._daemon = Daemon(self._command, self._log)
        wait_until(lambda: "listening on" in self._log.read_text(), "tcpdump listens", seconds=20, every=0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is on its way is not yet written.
        time.sleep(1)
        if not self._daemon.running():
            raise LabError(f"tcpdump ended: {self._log.read_text()}")
        self._daemon.stop()
        self.packets = [line for line in self._log.read_text().splitlines() if " > " in line or "ARP" in line]
        self._log.unlink()
