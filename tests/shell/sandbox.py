"""A folder that a step takes for the machine: ROOT for its paths, stubs for every command that could change the host.

PATH holds nothing but harmless tools and the stubs that a test defines, so a step can never reach the real
systemctl, apt-get or mkfs: an undefined command is "command not found", exit 127, which a step reports as
*cannot tell*.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

HARMLESS = (
    "awk basename bash base64 cat chmod cmp cp cut date dirname env expr false find flock grep head id install ln ls "
    "mkdir mktemp mv python3 readlink rm rmdir sed sha256sum sleep sort stat sync tail tar tee timeout touch tr true "
    "uname uniq wc xargs"
).split()

LIBRARY = ("strict", "log", "file", "status", "ask", "step", "service", "download", "tailnet", "kube")

DEFAULTS: dict[str, str | Sequence[str]] = {
    "PLAN_HASH": "0" * 16,
    "NODE_NAME": "w1",
    "NODE_ROLE": "worker",
    "NODE_OS": "ubuntu-24.04",
    "NODE_ARCH": "arm64",
    "CLUSTER_NAME": "homelab",
    "API_ENDPOINT": "k8s-api.internal",
    "API_PORT": "6443",
    "CONTROL_PLANE": "cp1",
    "POD_SUBNET": "10.244.0.0/16",
    "ACCEPT_ROUTES": "false",
    "SERVICE_SUBNET": "10.96.0.0/16",
    "TAILNET_SUBNET": "100.64.0.0/10",
    "TAILSCALED_DROP_IN": "[Service]\nIPAddressDeny=10.244.0.0/16",
    "STEPS": ("some_step",),
}


@dataclass
class Outcome:
    """What a run of one step did."""

    code: int
    log: str
    calls: list[str]

    @property
    def levels(self) -> list[str]:
        """The level of each log line, in order."""
        return [line.split()[1] for line in self.log.splitlines() if line[:2] == "20"]


@dataclass
class Sandbox:
    """One machine of a test."""

    root: Path
    header: dict[str, str | Sequence[str]] = field(default_factory=lambda: dict(DEFAULTS))
    library: tuple[str, ...] = LIBRARY

    def __post_init__(self) -> None:
        self.bin = self.root / "stub-bin"
        self.bin.mkdir(parents=True)
        for folder in ("etc", "run", "var/lib"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for tool in HARMLESS:
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(os.path.realpath(found))

    def stub(self, name: str, body: str = "") -> None:
        """Define a command: it records its arguments, then runs ``body`` (bash; exit 0 when empty)."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        record = f"printf '%s\\n' {shlex.quote(name)}\"${{*:+ $*}}\" >>{shlex.quote(str(self.root / 'calls'))}"
        path.write_text(f"#!/usr/bin/env bash\n{record}\n{body}\n")
        path.chmod(0o755)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """A file of the machine, below ROOT."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
        return target

    def read(self, path: str) -> str:
        """The text of a file of the machine."""
        return (self.root / path.lstrip("/")).read_text()

    def exists(self, path: str) -> bool:
        """Whether the machine has that file or folder."""
        return (self.root / path.lstrip("/")).exists()

    def run(
        self,
        step: str,
        *,
        check_only: bool = False,
        files: Sequence[str] = (),
        timeout: float = 30,
        environment: Mapping[str, str] | None = None,
        downgrade: bool = False,
    ) -> Outcome:
        """Run one step as bootstrap.sh would. ``files``: paths below scripts/ to source instead of its step.sh."""
        parts = [f"lib/{name}.sh" for name in self.library] + list(files or [f"steps/{step}/step.sh"])
        program = [header_line(name, value) for name, value in self.header.items()]
        program += [f"source {shlex.quote(str(SCRIPTS / part))}" for part in parts]
        program += [f"CHECK_ONLY={str(check_only).lower()}; DOWNGRADE={str(downgrade).lower()}"]
        program += ['WORK=$ROOT/run/meshstrap; mkdir -p "$WORK"']
        program += [f"step {step}", 'log summary "changed=$CHANGED"']
        program += ["[[ $CHECK_ONLY == false ]] || ((CHANGED == 0)) || exit 1"]
        calls = self.root / "calls"
        calls.unlink(missing_ok=True)
        done = subprocess.run(
            [str(self.bin / "bash"), "-c", "\n".join(program)],
            env={"PATH": str(self.bin), "ROOT": str(self.root), "POLL_SECONDS": "0", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        lines = calls.read_text().splitlines() if calls.exists() else []
        return Outcome(done.returncode, done.stderr + done.stdout, lines)


def header_line(name: str, value: str | Sequence[str]) -> str:
    """One assignment of the config header, as rendering writes it."""
    if isinstance(value, str):
        return f"readonly {name}={shlex.quote(value)}"
    return f"readonly {name}=({' '.join(shlex.quote(item) for item in value)})"
