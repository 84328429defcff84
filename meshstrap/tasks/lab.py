"""``lab``: a whole cluster on this machine, by the project's own tests."""

from __future__ import annotations

import subprocess
import sys

from meshstrap.errors import NeedsClone
from meshstrap.resources import clone


def lab() -> None:
    """What ``lab`` does."""
    root = clone()
    if root is None:
        raise NeedsClone("lab: the machines are made by the project's tests, which are in its clone only: run it there")
    # A process of its own: what it needs is the tests', and nothing of meshstrap may import those.
    done = subprocess.run([sys.executable, "-m", "tests.cluster"], cwd=root, check=False)
    sys.exit(done.returncode)
