"""A cluster of the lab: rendered as a user renders, launched as on OCI, and watched from outside."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshstrap.inventory import load_inventory
from meshstrap.plan import Plan, derive_plan
from tests.lab.faults import start_again
from tests.lab.instance import Instance
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.node import SCRIPT, status
from tests.lab.process import LabError, Result, run

from .coordination import Headscale
from .inventory import CODE
from .supplies import Supplies
from .timeline import Timeline

PROJECT = Path(__file__).parents[2]
KUBECONFIG = "/etc/kubernetes/admin.conf"


def invoke(*words: str) -> Result:
    """Run one of the project's tasks, as a person does."""
    return run([sys.executable, "-m", "invoke", "--search-root", str(PROJECT), *words], timeout=300)


class Cluster:
    """The files of one cluster, the machines that were launched with them, and the questions one asks of it."""

    def __init__(self, lab: Lab, headscale: Headscale, supplies: Supplies, inventory: str, folder: Path) -> None:
        self.lab = lab
        self.headscale = headscale
        self.supplies = supplies
        self.folder = folder
        self.machines: dict[str, Machine] = {}
        self.timeline = Timeline()
        folder.mkdir(parents=True)
        self.inventory = folder / "cluster.yaml"
        self.inventory.write_text(inventory)

    @property
    def plan(self) -> Plan:
        """What the inventory says by now."""
        return derive_plan(load_inventory(self.inventory))

    @property
    def instances(self) -> Mapping[str, Instance]:
        """The machine of every node, whatever it is made of."""
        return self.machines

    def render(self, nodes: Iterable[str]) -> str:
        """Mint a key for each of these nodes, and render all; what was printed."""
        keys = self.folder / "keys.yaml"
        keys.touch(mode=0o600)
        keys.write_text("".join(f"{name}: {self.headscale.mint_key()}\n" for name in nodes))
        known = ("--inventory", str(self.inventory), "--output", str(self.folder / "generated"))
        taken = invoke("secrets", *known, "--auth-keys", str(keys)).check()
        keys.unlink()
        rendered = invoke("render", *known).check().out
        # What a person does with it: any web server.
        shutil.copytree(self.folder / "generated/code", self.supplies.folder / CODE, dirs_exist_ok=True)
        return taken.out + rendered

    def render_again(self) -> None:
        """Render what the inventory says by now; no key and no token is made."""
        invoke("render", "--inventory", str(self.inventory), "--output", str(self.folder / "generated")).check()
        shutil.copytree(self.folder / "generated/code", self.supplies.folder / CODE, dirs_exist_ok=True)

    def hand_over(self, name: str) -> None:
        """Give a living node its newly rendered script and let it run, as docs/upgrades.md says."""
        machine = self.machines[name]
        machine.write(SCRIPT, (self.folder / "generated" / name / "bootstrap.sh").read_text(), 0o755)
        start_again(machine)

    def user_data(self, name: str) -> str:
        """What a person pastes, as the console encodes it."""
        return self.lab.encode((self.folder / "generated" / name / "user-data.yaml").read_text())

    def create(self, name: str) -> Machine:
        """A machine for this node, without power."""
        machine = self.machines[name] = self.lab.machine(name, kubelet=True)
        self.lab.use_distribution(machine, self.supplies)
        return machine

    def launch(self, name: str) -> Machine:
        """Create the node's instance with its user-data pasted."""
        machine = self.create(name)
        self.timeline.power_on(name)
        self.lab.launch(machine, self.user_data(name))
        return machine

    def wait_converged(
        self, names: Iterable[str] = (), seconds: float = 900, *, say: Callable[[str], object] = lambda _: None
    ) -> None:
        """Wait until these nodes, or all, say that they converged; ``say`` is told of each that does."""
        deadline = time.monotonic() + seconds
        left = list(names or self.instances)
        states: dict[str, dict[str, Any]] = {}
        while left:
            if time.monotonic() > deadline:
                raise LabError(f"{', '.join(left)}: not converged in {seconds:g} s\n{json.dumps(states, indent=1)}")
            for name in tuple(left):
                states[name] = state = status(self.instances[name])
                self.timeline.look(name, state)
                if state.get("state") == "converged":
                    left.remove(name)
                    say(f"{name} has converged, {self.timeline.now():.0f} s after the first machine got power")
            time.sleep(0.5)

    def kubectl(self, *words: str, text: str | None = None, timeout: float = 120) -> Result:
        """Run kubectl on the control plane."""
        command = ["kubectl", "--kubeconfig", KUBECONFIG, *words]
        return self.machines["cp1"].run(*command, text=text, timeout=timeout)

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """The objects that ``kubectl get`` lists."""
        listed = json.loads(self.kubectl("get", *words, "--output", "json").check().out)
        items: list[dict[str, Any]] = listed.get("items", [listed])
        return items

    def tailnet_address(self, name: str) -> str:
        """A node's address in the tailnet, as tailscale says."""
        return self.instances[name].run("tailscale", "ip", "-4").check().out.strip()

    def apply(self, manifest: str) -> None:
        """Apply manifests."""
        self.kubectl("apply", "--filename", "-", text=manifest).check()

    def in_pod(self, pod: str, argv: Sequence[str], *, timeout: float = 30) -> Result:
        """Run a command in a pod of the default namespace."""
        return self.kubectl("exec", pod, "--", *argv, timeout=timeout)
