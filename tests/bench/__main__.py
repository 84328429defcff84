"""The table: `python -m tests.bench [NODES...]`, or `python -m tests.bench lab`, `verify` or `cluster`."""

from __future__ import annotations

import json
import subprocess
import sys

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.bench import lab, verify
from tests.bench.cluster import run as cluster

SIZES = (1, 10, 100, 1000)
STAGES = ("load", "render", "lint", "pack", "write", "page")
NOTE = """
seconds; lint runs two processes at a time. peak: this process and its largest child together.
plain lint: a shellcheck and a bash for each whole script, two scripts at a time; ~ scaled up from {sample} scripts.
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


if __name__ == "__main__":
    if sys.argv[1:] == ["lab"]:
        lab.main()
    elif sys.argv[1:2] == ["verify"]:
        verify.main(sys.argv[2:])
    elif sys.argv[1:2] == ["cluster"]:
        cluster.main(sys.argv[2:])
    else:
        main([int(text) for text in sys.argv[1:]] or list(SIZES))
