"""The table: `python -m tests.bench [NODES...]`, or `python -m tests.bench lab`, `verify` or `cluster`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.bench import lab, verify
from tests.bench.cluster import run as cluster
from tests.lab.turn import NOT_WAITING, take_turn

SIZES = (1, 10, 100)
STAGES = ("load", "render", "lint", "pack", "write", "page")
NOTE = """
seconds; lint runs two processes at a time. peak: this process and its largest child together.
plain lint: each script instead of one of each shape, two at a time; ~ scaled up from {sample} scripts.
ratio: plain lint / lint. largest: bytes of the 32,000 that the fullest node's user-data.b64 and SSH keys take."""


def main(sizes: list[int]) -> None:
    """Measure each size in a process of its own."""
    columns = ("nodes", *STAGES, "total", "peak MB", "written MB", "largest", "plain lint", "ratio")
    table = new_table(*(f"#{name}" for name in columns))
    sample = 0
    for size in sizes:
        result = subprocess.run(
            [sys.executable, "-m", "tests.bench.measure", str(size)], stdout=subprocess.PIPE, check=True, text=True
        )
        found = json.loads(result.stdout)
        sample = max(sample, found["sample"])
        plain = found["plain"] * size / found["sample"]
        table.add_row(
            f"{size:,}",
            *(f"{found[stage]:.2f}" for stage in STAGES),
            f"{sum(found[stage] for stage in STAGES):.2f}",
            f"{found['peak']:.0f}",
            f"{found['written'] / 1e6:.1f}",
            f"{found['largest']:,}",
            f"{'' if found['sample'] == size else '~'}{plain:.1f}",
            f"{plain / found['lint']:.1f}",
        )
    screen = Screen()
    screen.show(table)
    screen.say(NOTE.format(sample=sample))


def choose(words: list[str]) -> None:
    """What the words ask for."""
    match words:
        case ["lab"]:
            lab.main()
        case ["verify", *rest]:
            verify.main(rest)
        case ["cluster", *rest]:
            cluster.main(rest)
        case ["paths", *rest]:
            cluster.paths(rest)
        case _:
            main([int(text) for text in words] or list(SIZES))


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if word != "--beside"]
    # Nothing to wait for where nobody can run a lab.
    waits = asked == sys.argv[1:] and sys.platform == "linux" and os.geteuid() == 0
    with take_turn("the bench", NOT_WAITING) if waits else nullcontext():
        choose(asked)
