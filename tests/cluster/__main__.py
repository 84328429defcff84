"""The cluster of the lab for people: brought up before their eyes, and theirs until they press Enter.

``python -m tests.cluster``, as root; ``invoke lab`` starts it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

try:
    from tests.lab.conftest import CACHE
    from tests.lab.lab import Lab
    from tests.lab.process import LabError
    from tests.lab.turn import take_turn

    from .cluster import Cluster
    from .story import launch_story, start_headscale
    from .supplies import make_supplies
except ModuleNotFoundError as error:
    # Who renders has none of the tests' packages.
    need = f"the lab needs Python's {error.name}, as the tests do"
    raise SystemExit(f"{need}: {sys.executable} -m pip install -r tests/requirements.txt") from None

# A program → Debian's package that has it.
PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "dnsmasq": "dnsmasq-base",
    "nft": "nftables",
    "ip": "iproute2",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "curl": "curl",
    "gpg": "gpg",
    "dpkg-scanpackages": "dpkg-dev",
    "apt-ftparchive": "apt-utils",
    "zstd": "zstd",
    "go": "golang, 1.26.8 or newer",
}

ENTER = """\
A shell on the control plane, in another terminal:

  {shell}

There: kubectl get nodes -o wide; kubectl get pods -A; tailscale status; bash /opt/meshstrap/bootstrap.sh --status
"""


def show(console: Console, cluster: Cluster) -> None:
    """What one would look at first."""
    console.print("\n".join(cluster.timeline.table()), highlight=False)
    for question in (("get", "nodes", "--output", "wide"), ("get", "pods", "--all-namespaces")):
        console.print(f"\n$ kubectl {' '.join(question)}", style="bold", highlight=False)
        console.print(cluster.kubectl(*question).check().out, highlight=False, soft_wrap=True)


def cannot_run() -> str:
    """Why this machine cannot carry the lab, and what to do; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the lab boots machines in namespaces of their own: run it as root, on Linux"
    missing = [f"{program} ({package})" for program, package in PROGRAMS.items() if not shutil.which(program)]
    return f"the lab needs {', '.join(missing)}: install the Debian packages in brackets" if missing else ""


def main() -> int:
    """Bring it up, show it, and keep it until somebody presses Enter."""
    console = Console()
    if why := cannot_run():
        console.print(why, style="red", highlight=False)
        return 1
    CACHE.mkdir(parents=True, exist_ok=True)
    with take_turn("invoke lab"), tempfile.TemporaryDirectory(prefix="meshstrap-lab-") as temporary:
        folder = Path(temporary)
        with console.status("building what the nodes download: half an hour the first time, then seconds"):
            supplies = make_supplies(folder / "web", CACHE)
        try:
            with Lab(folder / "lab", CACHE) as lab:
                supplies.serve(lab)
                cluster = launch_story(lab, start_headscale(lab), supplies, say=console.print)
                show(console, cluster)
                console.print(ENTER.format(shell=" ".join(cluster.machines["cp1"].shell())), soft_wrap=True)
                if sys.stdin.isatty():
                    console.input("Enter takes it all down. ")
        except LabError as error:
            console.print(f"the lab failed: {error}", style="red", highlight=False)
            return 1
        except KeyboardInterrupt:
            console.print("taken down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
