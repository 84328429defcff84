"""A machine that runs already, as a folder: the program that makes it a node runs there as ssh or a person runs it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from meshstrap.plan import Plan
from meshstrap.rendering import Adoption, render_adoption, render_script
from tests.golden.cases import example_plan, secrets_for

from .sandbox import Outcome, Sandbox
from .service_stubs import SHOWN

SYSTEMCTL = rf"""{SHOWN}
unit=${{*: -1}} unit=${{unit%.service}}
case $1 in
  show)
    active=inactive enabled=
    [[ ! -e $ROOT/state/is-active-$unit ]] || active=active
    [[ ! -e $ROOT/state/is-enabled-$unit ]] || enabled=enabled
    shown "$active" "$enabled" ;;
  enable) touch "$ROOT/state/is-enabled-$unit" ;;
esac"""
LISTENING = """\
udp   UNCONN 0      0      127.0.0.1:323        0.0.0.0:*    users:(("chronyd",pid=7,fd=5))
tcp   LISTEN 0      4096         0.0.0.0:22         0.0.0.0:*    users:(("sshd",pid=1,fd=3))
tcp   LISTEN 0      511             [::]:8080          [::]:*    users:(("nginx",pid=5,fd=6))
"""
MEMORY = """\
MemTotal:       12241928 kB
MemAvailable:   10241928 kB
SwapTotal:       2097152 kB
SwapFree:        2097152 kB
"""
DF = r"""
[[ $* == *avail* ]] || { printf '1M-blocks\n 46000\n'; exit; }
printf ' Avail 1M-blocks\n %s 46000\n' "$(cat "$ROOT/state/free")"
"""
PYTHON = r"""#!/usr/bin/env bash
[[ $1 != */unpack.py ]] || {{ printf 'python3 %s\n' "${{1#"$ROOT"}}" >>"$ROOT/calls"; exit; }}
exec {python} "$@"
"""
PACKAGE = 'cat "$ROOT/state/package-${*: -1}" 2>/dev/null || { echo "no packages found" >&2; exit 1; }'


def listen(box: Sandbox, line: str) -> None:
    """Let one more program listen, in the words of ss."""
    box.write("state/listening", f"{LISTENING}{line}\n")


def rendered(name: str, plan: Plan | None = None) -> Adoption:
    """The programs of a node of the example, or of another plan."""
    return _of_plan(plan, name) if plan else _of_example(name)


@cache
def _of_example(name: str) -> Adoption:
    return _of_plan(example_plan(), name)


def _of_plan(plan: Plan, name: str) -> Adoption:
    node = plan.node(name)
    return render_adoption(plan, node, render_script(plan, node), secrets_for(plan))


@dataclass
class LivedIn:
    """A machine with an owner, and the node that it is to become."""

    sandbox: Sandbox
    node: str = "w1"
    uid: str = "0"

    def __post_init__(self) -> None:
        box = self.sandbox
        box.write("etc/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\n')
        box.write("proc/meminfo", MEMORY)
        box.write("proc/swaps", "Filename Type Size Used Priority\n")
        box.write("proc/sys/kernel/hostname", "web-1\n")
        box.write("run/systemd/system/keep", "")
        box.write("etc/cloud/cloud.cfg.d/05_logging.cfg", "")
        box.write("etc/apt/sources.list", "deb http://ports.ubuntu.com/ noble main\n")
        box.write("state/free", "30000\n")
        box.write("state/listening", LISTENING)
        # What unpacks writes to the machine itself, which is the one that the tests run on.
        (box.bin / "python3").unlink()
        box.write("stub-bin/python3", PYTHON.format(python=sys.executable), 0o755)
        box.stub("id", f"echo {self.uid}")
        box.stub("uname", '[[ $1 == -rm ]] && echo "6.8.0-1013-oracle aarch64" || echo 6.8.0')
        box.stub("nproc", "echo 2")
        box.stub("stat", f'[[ $1 == -f ]] && echo cgroup2fs || {shutil.which("stat")} "$@"')
        box.stub("df", DF)
        box.stub("timedatectl", "echo no")
        box.stub("systemctl", SYSTEMCTL)
        box.stub("ss", 'cat "$ROOT/state/listening"')
        box.stub("ip", '[[ ! -e $ROOT/state/routes ]] || grep -F "${*: -1}" "$ROOT/state/routes" | cut -d "|" -f 2')
        box.stub("dpkg-query", PACKAGE)
        box.stub("sync")
        box.stub("getent", "[[ $2 == ubuntu ]]")

    def files(self) -> dict[str, str]:
        """Every file of the machine with its mode, but for what the stand-ins keep."""
        root = self.sandbox.root
        paths = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        return {
            name: f"{path.stat().st_mode & 0o777:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            for path in paths
            if not (name := str(path.relative_to(root))).startswith(("stub-bin/", "state/", "calls"))
        }

    def run(self, *flags: str, program: str = "", plan: Plan | None = None) -> Outcome:
        """Run the program as ssh does: on the input of a shell."""
        text = program or rendered(self.node, plan).hands_over
        return self._bash(["-s", "--", *flags], text)

    def run_file(self, path: str, *flags: str) -> Outcome:
        """Run the file as a person does."""
        return self._bash([path, *flags], "")

    def _bash(self, words: Sequence[str], text: str) -> Outcome:
        box, calls = self.sandbox, self.sandbox.root / "calls"
        calls.unlink(missing_ok=True)
        ran = subprocess.run(
            [str(box.bin / "bash"), *words],
            input=text,
            env={"PATH": str(box.bin), "ROOT": str(box.root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = calls.read_text().splitlines() if calls.exists() else []
        return Outcome(ran.returncode, ran.stdout + ran.stderr, lines)
