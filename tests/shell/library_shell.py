"""Bash with the library loaded, and a whole bootstrap.sh of two small steps."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

from .sandbox import SCRIPTS, Outcome, Sandbox, header_line

TEMPORARY_FAILURE = 75

STEPS = """
check_one() { [[ -e $ROOT/one ]]; }
apply_one() { : >"$ROOT/one"; }
check_two() { [[ -e $ROOT/two ]]; }
apply_two() { : >"$ROOT/two"; }
facts_two() { fact colour 'dark "red"'; }
"""


def shell(sandbox: Sandbox, body: str, **environment: str) -> Outcome:
    """Run some lines of bash with the library loaded."""
    parts = [header_line(name, value) for name, value in sandbox.header.items()]
    parts += [f"source {shlex.quote(str(SCRIPTS / 'lib' / f'{name}.sh'))}" for name in sandbox.library]
    parts += ['WORK=$ROOT/run/meshstrap; mkdir -p "$WORK"', body]
    return run_bash(sandbox, "\n".join(parts), [], environment)


def script(sandbox: Sandbox, *arguments: str, steps: str = STEPS, **environment: str) -> Outcome:
    """Run a whole bootstrap.sh of two small steps."""
    sandbox.header["STEPS"] = ("one", "two")
    parts = [header_line(name, value) for name, value in sandbox.header.items()]
    parts += [f"source {shlex.quote(str(SCRIPTS / 'lib' / f'{name}.sh'))}" for name in sandbox.library]
    parts += [steps, f"source {shlex.quote(str(SCRIPTS / 'main.sh'))}", 'main "$@"']
    return run_bash(sandbox, "\n".join(parts), list(arguments), environment)


def run_bash(sandbox: Sandbox, program: str, arguments: list[str], environment: dict[str, str]) -> Outcome:
    done = subprocess.run(
        [str(sandbox.bin / "bash"), "-c", program, "bootstrap.sh", *arguments],
        env={"PATH": str(sandbox.bin), "ROOT": str(sandbox.root), "POLL_SECONDS": "0", **environment},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
    )
    calls = sandbox.root / "calls"
    return Outcome(done.returncode, done.stderr + done.stdout, calls.read_text().splitlines() if calls.exists() else [])


def status(sandbox: Sandbox) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((sandbox.root / "var/lib/meshstrap/status.json").read_bytes().decode())
    return read


def facts_of(sandbox: Sandbox, step: str) -> dict[str, str]:
    """The facts of a step, from a status, which a run of one step does not write by itself."""
    end = sandbox.write("end.sh", "log() { [[ $1 != summary ]] || record converged done ''; }\n")
    done = sandbox.run(step, files=(f"steps/{step}/step.sh", str(end)))
    assert done.code == 0, done.log
    facts: dict[str, str] = status(sandbox)["facts"]
    return facts
