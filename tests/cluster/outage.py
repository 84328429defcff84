"""How long pods cannot reach each other: asked all the time from inside every pod's network, without the API."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import cgroup
from tests.lab.machine import Machine
from tests.lab.process import LabError, run

from .probe import PORT

# The promise: no outage outlasts its fault by more. Seconds.
MINUTE = 60.0
# What a busy machine may be late with, where nothing has happened. Seconds.
LITTLE = 10.0
# What a pod is asked, how often and with what patience. Seconds.
EVERY, PATIENCE = 0.5, 1.0
# The probes' own server, by a word of its command line.
_SERVER = b"class Handler(http.server."

# Told its targets on stdin, a line each time they change; says when each of them answered.
_CLIENT = f"""\
import os, socket, sys, threading, time
targets = {{}}
def ask(name, address):
    while targets.get(name) == address:
        try:
            with socket.create_connection((address, {PORT}), {PATIENCE}) as peer:
                peer.settimeout({PATIENCE})
                peer.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                if peer.recv(64).startswith(b"HTTP"):
                    os.write(1, f"{{time.monotonic()}} {{name}}\\n".encode())
        except OSError:
            pass
        time.sleep({EVERY})
for line in sys.stdin:
    before, targets = targets, dict(word.split("=") for word in line.split())
    for name, address in targets.items():
        if before.get(name) != address:
            threading.Thread(target=ask, args=(name, address), daemon=True).start()
"""

Pair = tuple[str, str]


class _Client:
    """The one in a pod: it lives as long as that pod's server."""

    def __init__(self, here: str, server: int, answers: dict[Pair, list[float]]) -> None:
        self.server = server
        self._told = ""
        enter = ["nsenter", f"--net=/proc/{server}/ns/net"]
        shown = run([*enter, "ip", "-4", "-oneline", "address", "show", "dev", "eth0"]).check().out
        self.address = shown.split()[3].partition("/")[0]
        self._process = subprocess.Popen(
            [*enter, sys.executable, "-c", _CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, args=(here, answers), daemon=True).start()

    def _listen(self, here: str, answers: dict[Pair, list[float]]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            when, there = line.split()
            answers.setdefault((here, there), []).append(float(when))

    def tell(self, targets: str) -> None:
        """Ask these from now on."""
        if targets != self._told and self._process.stdin is not None:
            self._told = targets
            self._process.stdin.write(f"{targets}\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Ask nothing any more."""
        self._process.kill()
        self._process.communicate()


def server_process(machine: Machine) -> int:
    """The probe's process on a machine, as it is known here; 0 when there is none."""
    if not machine.running:
        return 0
    for process in cgroup.processes(machine.group):
        try:
            if _SERVER in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
        except (FileNotFoundError, ProcessLookupError):
            continue
    return 0


class Watch:
    """A context: every pair of these machines' pods is asked until its end."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        self._machines = list(machines)
        self._names = [machine.name for machine in self._machines]
        self._clients: dict[str, _Client] = {}
        self._last: dict[str, str] = {}
        # When the pod that runs now was first seen.
        self._up: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._begun = self._over = 0.0
        self.answers: dict[Pair, list[float]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self.settle()
        # Only from here on all of them can be missed.
        self._begun = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        for client in self._clients.values():
            client.end()

    def settle(self) -> None:
        """Wait until every pair has an answer again, so that a silence that goes on is seen to its end."""
        now = time.monotonic()
        pairs = set(itertools.permutations(self._names, 2))
        while silent := {pair for pair in pairs if not any(when > now for when in self.answers.get(pair, [])[-3:])}:
            if time.monotonic() > now + 2 * MINUTE:
                raise LabError(f"pods that do not reach each other: {sorted(silent)}")
            time.sleep(EVERY)

    def _follow(self) -> None:
        """Know each machine's pod: after a fault it is another one, at another address."""
        while not self._ended.wait(EVERY):
            for machine in self._machines:
                self._renew(machine)
            for name, client in self._clients.items():
                others = (f"{other}={address}" for other, address in self._last.items() if other != name)
                client.tell(" ".join(others))

    def _renew(self, machine: Machine) -> None:
        known = self._clients.get(machine.name)
        try:
            if known is not None:
                if Path(f"/proc/{known.server}").exists():
                    return
                self._clients.pop(machine.name).end()
            if server := server_process(machine):
                client = self._clients[machine.name] = _Client(machine.name, server, self.answers)
                self._last[machine.name] = client.address
                self._up[machine.name] = time.monotonic()
        except (LabError, OSError, IndexError):
            # It ended between two looks.
            return

    def fault_is_over(self) -> None:
        """From here on the promise counts."""
        self._over = time.monotonic()

    def _silences(self, names: Iterable[str]) -> Iterator[tuple[Pair, float, float]]:
        """When each silence of a pair of these nodes began and ended."""
        for pair, answers in self.answers.items():
            if set(pair) <= set(names):
                times = [self._begun, *sorted(when for when in answers if when > self._begun)]
                yield from ((pair, before, after) for before, after in itertools.pairwise(times))

    def longest(self, *names: str) -> float:
        """The longest silence between any two of these nodes, or of all."""
        return max(after - before for _, before, after in self._silences(names or self._names))

    def after_the_fault(self) -> float:
        """How long any pair was silent once the fault was over; the time in which its pods were started included."""
        return max(after - max(before, self._over) for _, before, after in self._silences(self._names))

    def outlasted(self) -> float:
        """The same between nodes that are themselves up: both pods of the pair run.

        All machines of the lab share two cores, on which each agent compiles its programs at a boot; how long that
        takes says nothing of machines that have cores of their own.
        """
        return max(
            after - max(before, self._over, *(self._up[name] for name in pair))
            for pair, before, after in self._silences(self._names)
        )

    def figures(self, *undisturbed: str) -> str:
        """For the report: the longest outage, what outlasted the fault, and what those felt that had none."""
        after = f"{self.after_the_fault():.1f} s after the fault, {self.outlasted():.1f} s with both pods running"
        text = f"outage {self.longest():.1f} s, {after}"
        return f"{text}; {self.longest(*undisturbed):.1f} s between the others" if undisturbed else text
