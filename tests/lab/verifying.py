"""A machine of the lab as `invoke verify` reaches it: over SSH, as the image's login user, who may sudo."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshstrap.inventory import parse_inventory
from meshstrap.plan import derive_plan
from meshstrap.ssh import Answer, run_bounded
from meshstrap.verify.arrival import Arrival
from meshstrap.verify.reach import FIRST_SECONDS, SSH_OPTIONS, WHOLE_SECONDS
from meshstrap.verify.run import Request, ask
from meshstrap.verify.verdict import Verdict
from tests.unit.hosts.evaluate import evaluate

from .instance import Instance
from .machine import Machine
from .process import Result, run

ROOT = Path(__file__).resolve().parents[2]
NO_DRIFT = "converged.a_check_finds_no_drift"


class Ssh:
    """Keys and a configuration for machines of a lab, each in a network that only its router can reach."""

    def __init__(self, folder: Path, user: str = "ubuntu", key: Path | None = None) -> None:
        self._user = user
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "ssh_config"
        self._key = key or folder / "key"
        if not key:
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)]).check()
        self.config.touch()

    def let_in(self, machine: Machine) -> None:
        """What the cloud and its image do: a key for the login user, who may become root without a password."""
        machine.write(f"/home/{self._user}/.ssh/authorized_keys", self._key.with_suffix(".pub").read_text())
        machine.write("/etc/sudoers.d/90-lab", f"{self._user} ALL=(ALL) NOPASSWD:ALL\n", 0o440)
        self.knows(machine)

    def knows(self, machine: Instance) -> None:
        """The way to a machine that lets us in already."""
        relay = Path(__file__).with_name("relay.py")
        lines = (
            f"Host {machine.name}",
            f"  HostName {machine.account.address}",
            f"  User {self._user}",
            f"  IdentityFile {self._key}",
            f"  ProxyCommand ip netns exec {machine.account.router} {sys.executable} {relay} %h %p",
            "  ProxyUseFdpass yes",
            "  StrictHostKeyChecking no",
            "  UserKnownHostsFile /dev/null",
            "  LogLevel ERROR",
        )
        self.config.write_text(self.config.read_text() + "\n".join(lines) + "\n")

    def run(self, host: str, command: str) -> Answer:
        """Run a command on a host, as `invoke verify` does."""
        argv = ["ssh", "-F", str(self.config), *SSH_OPTIONS, host, command]
        return asyncio.run(run_bounded(argv, first=FIRST_SECONDS, whole=WHOLE_SECONDS))


def arrival(ssh: Ssh, inventory: str, host: str) -> Arrival:
    """Ask a host everything."""
    plan = derive_plan(parse_inventory(inventory, "lab.yaml"))
    return ask(Request(plan=plan), host, lambda command: ssh.run(host, command))


def bad(ssh: Ssh, inventory: str, host: str) -> dict[str, Verdict]:
    """What a person has to look at, by the check's id: ``machine.the_clock_is_synchronised``."""
    found = evaluate(arrival(ssh, inventory, host))
    return {check: verdict for check, verdict in found.items() if verdict.is_told}


def invoke_verify(ssh: Ssh, inventory: Path, *words: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run `invoke verify` as a person does, in a wide terminal's place; without the line that names the inventory."""
    flags: Sequence[str] = (f"--inventory={inventory}", f"--ssh-config={ssh.config}")
    command = [sys.executable, "-m", "invoke", "verify", *flags, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False, env=environment)
    said = done.stdout.removeprefix(f"Inventory: {inventory}\n\n")
    return Result(tuple(command), done.returncode, said, done.stderr)
