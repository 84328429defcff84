"""One size, measured in a process of its own so that its peak memory is its own. Prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from meshstrap.lint import SCRIPT_OPTIONS, bash_findings, lint_scripts, shellcheck_findings
from meshstrap.output import write_generated
from meshstrap.page import write_page
from meshstrap.pipeline import load_plan, node_files, pack_nodes, page_text, render_scripts
from tests.bench.made_up import inventory_text, made_up_secrets

PLAIN_SAMPLE = 10


def measure(nodes: int) -> dict[str, float]:
    """Seconds of each stage, peak memory in MB (10^6 bytes) of this process and of its largest child, and bytes."""
    seconds: dict[str, float] = {}

    @contextmanager
    def clock(stage: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        seconds[stage] = time.perf_counter() - begin

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cluster.yaml").write_text(inventory_text(nodes), encoding="utf-8")
        with clock("load"):
            plan = load_plan(folder / "cluster.yaml")
        with clock("render"):
            scripts = render_scripts(plan)
        with clock("lint"):
            lint_scripts(scripts)
        secrets = made_up_secrets(plan)
        with clock("pack"):
            packed = pack_nodes(plan, scripts, secrets)
        with clock("write"):
            write_generated(folder / "generated", node_files(plan, scripts, packed, secrets))
        with clock("page"):
            write_page(folder / "generated", page_text(plan, packed, secrets))
        peak = _peak_megabytes()
        written = sum(path.stat().st_size for path in folder.glob("generated/**/*") if path.is_file())
        sample = [scripts[node.name].linted for node in plan.nodes[:: max(1, nodes // PLAIN_SAMPLE)]][:PLAIN_SAMPLE]
        with clock("plain"):
            lint_plainly(sample, folder)
    largest = max(data.packed for data in packed.values())
    return seconds | {"peak": peak, "written": written, "largest": largest, "sample": len(sample)}


def lint_plainly(texts: list[str], folder: Path) -> None:
    """The plain way: for each script, whole, a shellcheck and a bash of its own; two scripts at a time, as ours."""

    def ask(item: tuple[int, str]) -> None:
        path = folder / f"plain-{item[0]}.sh"
        path.write_text(item[1], encoding="utf-8")
        findings = [*shellcheck_findings(path, *SCRIPT_OPTIONS), *bash_findings(path)]
        if findings:
            raise AssertionError(findings)

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(ask, enumerate(texts)))


def _peak_megabytes() -> float:
    # Linux counts kibibytes, macOS bytes (getrusage(2) of each).
    unit = 1 if sys.platform == "darwin" else 1024
    return (
        sum(resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e6
    )


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
