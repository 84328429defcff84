"""An ``ssh`` that reaches nobody: it plays hosts whose answers lie in a folder, and writes down who was called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hosts.green import INVENTORY, green

ROOT = Path(__file__).resolve().parents[3]

_SSH = """\
#!{python}
import base64, gzip, json, pathlib, sys
folder, host, command = pathlib.Path({folder!r}), sys.argv[-2], sys.argv[-1]
with (folder / "calls").open("a") as file:
    file.write(f"{{host}} {{' '.join(sys.argv[1:-2])}}\\n")
found = folder / f"{{host}}.json"
if not found.exists():
    print(f"ssh: connect to host {{host}} port 22: Connection timed out", file=sys.stderr)
    sys.exit(255)
assert "python3 -" in command, command
print("Welcome to " + host)
program = gzip.decompress(base64.b64decode(command.split()[3])).decode()
is_whole = "restartPolicy" in program
print(json.loads(found.read_text())["commands"]["cluster"]["out"] if is_whole else found.read_text())
"""


@dataclass
class FakeFleet:
    """Hosts that answer what they were given."""

    folder: Path

    def host(self, name: str, raw: dict[str, Any]) -> None:
        """Put a host there."""
        (self.folder / f"{name}.json").write_text(json.dumps(raw))

    @property
    def calls(self) -> list[str]:
        """Host and options of every connection, in order."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, *words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run a Python module with this ssh."""
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "200"}
        # What one pytest tells another that it has started.
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
            environment.pop(name, None)
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on hosts of the two nodes' plan."""
        return self.run("pytest", f"--inventory={self.folder / 'cluster.yaml'}", *words)


@pytest.fixture
def fleet(tmp_path: Path) -> FakeFleet:
    """The two nodes, both as planned."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "cluster.yaml").write_text(INVENTORY)
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(_SSH.format(python=sys.executable, folder=str(tmp_path)))
    ssh.chmod(0o755)
    made = FakeFleet(tmp_path)
    for name in ("cp1", "w1"):
        made.host(name, green(name))
    return made
