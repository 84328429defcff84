"""One TCP connection and one ping from pod to pod that must outlive whatever happens in between."""

from __future__ import annotations

import re
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.lab.machine import Machine
from tests.lab.process import LabError

from .outage import server_process
from .probe import PORT

# Asks on one connection until its stdin ends, and says how many answers came and how long the longest took; an error
# ends it before.
_CLIENT = f"""\
import select, socket, sys, time
peer = socket.create_connection((sys.argv[1], {PORT}), 10)
peer.settimeout(float(sys.argv[2]))
answers = peer.makefile("rb")
count = longest = 0
while not select.select([sys.stdin], [], [], 0.1)[0]:
    began = time.monotonic()
    peer.sendall(b"GET / HTTP/1.1\\r\\nHost: probe\\r\\n\\r\\n")
    length = 0
    while (line := answers.readline().strip()):
        length = int(line.split()[1]) if line.lower().startswith(b"content-length") else length
    assert length and len(answers.read(length)) == length
    count, longest = count + 1, max(longest, time.monotonic() - began)
print(count, longest)
"""


class Stream:
    """A context: afterwards ``answers`` came on the connection, and ``lost`` packets of ``pings`` did not come back.

    ``patience``: how long an answer may take, seconds; ``longest``: how long one took.
    """

    def __init__(self, here: Machine, address: str, patience: float = 20) -> None:
        self._enter = ["nsenter", f"--target={server_process(here)}", "--net"]
        self._address = address
        self._patience = patience
        self.answers = self.pings = self.lost = 0
        self.longest = 0.0

    def __enter__(self) -> Self:
        self._tcp = self._start(sys.executable, "-c", _CLIENT, self._address, str(self._patience))
        # The image's own program, in its own files.
        self._ping = self._start("--mount", "ping", "-i", "0.2", self._address)
        return self

    def _start(self, *argv: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([*self._enter, *argv], stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # As Ctrl-C does: it then says what it has counted.
        self._ping.send_signal(2)
        pinged, unpinged = self._ping.communicate(timeout=30)
        asked, complaint = self._tcp.communicate("over\n", timeout=60 + self._patience)
        counts = re.search(r"(\d+) packets transmitted, (\d+) received", pinged)
        if self._tcp.returncode != 0 or counts is None:
            raise LabError(f"a connection was dropped: {complaint}{pinged}{unpinged}")
        answers, longest = asked.split()
        self.answers, self.longest = int(answers), float(longest)
        self.pings = int(counts.group(1))
        self.lost = self.pings - int(counts.group(2))
