"""A worker of the lab that is verified: its steps before the tailnet hold, and it waits for the tailnet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshstrap.verify.arrival import HAS_CONVERGED
from meshstrap.verify.verdict import Verdict

from .dress import VOLUME, launch_dressed, rest
from .lab import Lab
from .machine import Machine
from .node import lab_inventory
from .process import LabError
from .twice import RESTLESS
from .vendors import Sources
from .verifying import NO_DRIFT, Ssh, bad

NODE = f", login_user: ubuntu, block_volume: {{device: {VOLUME}, size_gib: 50, format: true}}"
# The disk of the machine below is not the lab's to judge: with this, only a full one counts.
CLUSTER = "  kubelet: {evictionHard: {nodefs.available: 1%, imagefs.available: 1%}}\n"


@dataclass
class Verified:
    """The machine, how it is reached, and the inventory whose plan it is held against."""

    machine: Machine
    ssh: Ssh
    inventory: str

    def bad(self) -> dict[str, Verdict]:
        """What is not as planned, besides that the node waits for a tailnet that this lab has not."""
        found = bad(self.ssh, self.inventory, self.machine.name)
        waits = found.pop(HAS_CONVERGED, None)
        if waits is None or not waits.found.startswith(("waiting at tailnet", "running at tailnet")):
            raise LabError(f"{self.machine.name} is not where it should be: {waits}")
        return found

    @contextmanager
    def broken(self, breaking: str, mending: str) -> Iterator[dict[str, Verdict]]:
        """What is bad while something is broken, then mended. Both are bash; an empty mending is the verdict's own."""
        # Many restarts within seconds are the lab's own doing, and systemd would refuse the next one.
        self.machine.run("systemctl", "reset-failed")
        self.machine.bash(f"set -e\n{breaking}", timeout=300).check()
        fix = ""
        try:
            found = self.bad()
            own = [verdict.fix for name, verdict in found.items() if name != NO_DRIFT]
            fix = own[0] if own else ""
            yield found
        finally:
            self.machine.bash(f"set -e\n{mending or fix}", timeout=300).check()


def verified_worker(lab: Lab, sources: Sources, device: str, folder: Path) -> Verified:
    """Launch one on a machine dressed as Oracle's Ubuntu image, and let us in."""
    machine = launch_dressed(lab, sources, device)
    machine.run("cloud-init", "status", "--wait")
    rest(machine)
    # Its restarts, every ten seconds until kubeadm has configured it, would mount again what a fault unmounts.
    machine.run("systemctl", "stop", RESTLESS).check()
    ssh = Ssh(folder)
    ssh.let_in(machine)
    return Verified(machine, ssh, lab_inventory(sources, node=NODE, cluster=CLUSTER))
