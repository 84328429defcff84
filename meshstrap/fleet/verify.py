"""All nodes of a plan through the tests of ``tests/hosts``: one pytest, which writes down each verdict as it falls."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from meshstrap.errors import VerificationFailed
from meshstrap.fleet.verdict import Report, Verdict, in_order, parse_verdict
from meshstrap.plan.model import NodePlan

# How often is looked for new verdicts; nobody sees the difference.
LOOK_SECONDS = 0.2
# pytest's exit codes that mean that the tests were run: all passed, some failed.
RAN = (0, 1)
END_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is verified, and how.

    ``root``: the checkout; ``ssh_config``: the text of a configuration.
    ``cluster``: the whole cluster is asked too, by pods of that ``image``; empty: the default.
    """

    root: Path
    inventory: Path
    nodes: Sequence[NodePlan]
    ssh_config: str
    cluster: bool = False
    image: str = ""


class Verification:
    """One run: first the hosts one by one as their answers come, afterwards the report."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._verdicts: list[Verdict] = []

    def hosts(self) -> Iterator[str]:
        """Run the tests; each host as soon as it has answered or was given up. ``VerificationFailed``."""
        with tempfile.TemporaryDirectory(prefix="meshstrap-") as name:
            folder = Path(name)
            events, output = folder / "events", folder / "output"
            request = self._request
            config = folder / "ssh_config"
            config.write_text(request.ssh_config, encoding="utf-8")
            events.touch()
            with output.open("w", encoding="utf-8") as file, events.open(encoding="utf-8") as lines:
                process = subprocess.Popen(
                    command(request, config, events), cwd=request.root, stdout=file, stderr=subprocess.STDOUT
                )
                try:
                    yield from self._follow(process, lines)
                finally:
                    _end(process)
            if process.returncode not in RAN:
                raise VerificationFailed(output.read_text(encoding="utf-8").strip() or f"pytest: {process.returncode}")

    def _follow(self, process: subprocess.Popen[bytes], lines: IO[str]) -> Iterator[str]:
        ended = False
        while not ended:
            try:
                process.wait(LOOK_SECONDS)
                ended = True
            except subprocess.TimeoutExpired:
                pass
            yield from self._take(lines)

    def _take(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            told = json.loads(line)
            if "answered" in told:
                yield str(told["answered"])
            else:
                self._verdicts.append(parse_verdict(line))

    @property
    def report(self) -> Report:
        """All verdicts, once the hosts are through."""
        return in_order(self._verdicts)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it as Ctrl-C does, so that it takes with it what it has started, here and on hosts."""
    try:
        # A terminal has told it already; twice would disturb it in ending.
        process.wait(LOOK_SECONDS * 10)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def command(request: Request, config: Path, events: Path) -> list[str]:
    """How pytest is run on these hosts, and nothing that somebody's environment adds for other runs."""
    hosts = ",".join(f"ssh://{node.name}" for node in request.nodes)
    return [
        *(sys.executable, "-m", "pytest", str(request.root / "tests" / "hosts"), f"--rootdir={request.root}"),
        # Neither is of use to these tests, and each takes longer than all of them.
        *("--assert=plain", "-p", "no:hypothesispytest"),
        *(f"--hosts={hosts}", f"--ssh-config={config}", f"--inventory={request.inventory}", f"--events={events}"),
        *(("--cluster", f"--image={request.image}") if request.cluster else ()),
    ]
