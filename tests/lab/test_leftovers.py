"""A lab that is killed, and cannot clean up behind itself, leaves nothing for long: the next one does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .lab import Lab
from .leftovers import REGISTER
from .process import run

_VICTIM = """\
import sys, time
from pathlib import Path
from tests.lab.lab import Lab
with Lab(Path(sys.argv[1]), Path(sys.argv[2])) as lab:
    lab.machine("victim", kubelet=True).boot()
    print(lab.segment.prefix, flush=True)
    time.sleep(600)
"""


def traces(prefix: str, folder: Path) -> list[str]:
    """What is still there of a lab."""
    spaces = [space.name for space in Path("/run/netns").glob(f"{prefix}-*")]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {folder}/" in line]
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{prefix}-*")]
    programs = [line for line in run(["ps", "-eo", "args"]).out.splitlines() if str(folder) in line]
    return [*spaces, *mounts, *groups, *programs, *map(str, filter(Path.exists, [folder]))]


def test_the_next_lab_takes_away_what_a_killed_one_left(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "victim"
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(folder), str(cache)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    prefix = victim.stdout.readline().strip()
    victim.kill()
    victim.communicate(timeout=60)
    assert prefix
    assert traces(prefix, folder)
    with Lab(tmp_path / "next", cache):
        assert traces(prefix, folder) == []
    assert not (REGISTER / prefix).exists()
