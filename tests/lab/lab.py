"""The lab: one segment, the machines on it, and the promise that nothing of it is left behind."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from . import leftovers, metadata
from .instance import Instance
from .machine import Machine
from .network import Account, Segment
from .process import Daemon
from .tree import base_tree
from .vendors import Sources

# A veth has no permanent MAC, so the match that cloud-init's netplan renders for a real NIC never fires.
NIC = """\
[Match]
Name=ens3
[Link]
MTUBytes=9000
[Network]
DHCP=ipv4
[DHCPv4]
RouteMetric=100
"""


_NUMBERS = itertools.count(1)


class Lab:
    """A context: machines are made in it, and all of it is gone afterwards, whatever happens."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        # Interface and namespace names are short; the process id and a number keep labs apart.
        self.segment = Segment(f"ms{os.getpid()}-{next(_NUMBERS)}")
        self.accounts: list[Account] = []
        self.machines: list[Machine] = []
        self._servers: list[Daemon] = []
        # What else has to be taken away when the machines are gone.
        self.undo: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        leftovers.sweep()
        self.folder.mkdir(parents=True, exist_ok=True)
        leftovers.register(self.segment.prefix, self.folder)
        self.segment.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for daemon in self._servers:
            daemon.stop()
        for machine in self.machines:
            machine.remove()
        for undo in self.undo:
            undo()
        for account in self.accounts:
            account.down()
        self.segment.down()
        leftovers.forget(self.segment.prefix)

    def machine(
        self, name: str, *, suite: str = "trixie", kubelet: bool = False, binds: tuple[str, ...] = ()
    ) -> Machine:
        """A new machine in an account of its own, not yet booted."""
        folder = self.folder / name
        account = Account(self.segment, name, 11 + len(self.accounts), folder / "account")
        self.accounts.append(account)
        account.up()
        machine = Machine(name, account, base_tree(suite, self.cache), folder, kubelet=kubelet, binds=binds)
        self.machines.append(machine)
        if machine.fresh:
            machine.write("/etc/systemd/network/05-lab-ens3.network", NIC)
            # Asks on the console, which nobody watches, and fails when nobody answers; a real image has it settled.
            (machine.root / "etc/systemd/system/systemd-firstboot.service").symlink_to("/dev/null")
        return machine

    def discard(self, machine: Machine) -> None:
        """Take a machine and its account away before the lab's end, so that another may have its name."""
        machine.remove()
        machine.account.down()
        self.machines.remove(machine)
        self.accounts.remove(machine.account)

    def launch(self, machine: Machine, user_data: str, ssh_keys: str = "") -> None:
        """Launch as on OCI: metadata from Oracle's address, picked up by cloud-init's own DataSourceOracle.

        ``user_data`` is base64, as Oracle stores it. Raises ``MetadataTooLarge`` as Oracle would.
        """
        self.serve_metadata(machine, user_data, ssh_keys)
        # A container hides the chassis tag that cloud-init looks for; a list of one is taken without looking.
        machine.write("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ Oracle ]\n")
        machine.boot()

    @staticmethod
    def serve_metadata(machine: Instance, user_data: str, ssh_keys: str = "") -> None:
        """Let Oracle's address answer the machine; it goes on to ask at every boot."""
        account = machine.account
        metadata.write_instance(
            account.folder,
            name=machine.name,
            mac=account.mac,
            address=account.address,
            user_data=user_data,
            ssh_keys=ssh_keys,
        )
        account.serve(sys.executable, str(Path(metadata.__file__)), str(account.folder))

    @staticmethod
    def launch_from_seed(machine: Machine, user_data: str) -> None:
        """Launch with the datasource NoCloud, whose seed folder lies in the image. ``user_data`` is base64.

        For a cloud-init that knows Oracle's cloud only by the machine's DMI data, which a container has not.
        """
        seed = machine.root / "var/lib/cloud/seed/nocloud"
        seed.mkdir(parents=True)
        (seed / "meta-data").write_text(f"instance-id: {machine.name}\nlocal-hostname: instance-{machine.name}\n")
        (seed / "user-data").write_bytes(base64.b64decode(user_data))
        # It is the one locale that the tree has; a cloud's image has more.
        machine.write("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ NoCloud ]\nlocale: C.UTF-8\n")
        machine.boot()

    def serve(self, folder: Path) -> Daemon:
        """A web server for a folder, on the lab's internet."""
        command = [
            "ip",
            "netns",
            "exec",
            self.segment.servers,
            sys.executable,
            "-m",
            "http.server",
            "-d",
            str(folder),
            "80",
        ]
        daemon = Daemon(command, self.folder / "web.log")
        self._servers.append(daemon)
        return daemon

    @staticmethod
    def use_distribution(machine: Machine, sources: Sources) -> None:
        """Let the machine's apt find the distribution's own packages, as its image would."""
        address = f"http://apt.lab.test/{machine.tree.name}/"
        key = "/etc/apt/keyrings/lab.asc"
        machine.write(
            "/etc/apt/sources.list.d/lab.sources", f"Types: deb\nURIs: {address}\nSuites: /\nSigned-By: {key}\n"
        )
        machine.write(key, (sources.folder / "kubernetes/key.asc").read_text())

    def keep_evidence(self, folder: Path) -> None:
        """Copy what the machines left behind: journal, status, console."""
        folder.mkdir(parents=True, exist_ok=True)
        for machine in self.machines:
            if machine.running:
                (folder / f"{machine.name}.journal").write_text(machine.journal())
                (folder / f"{machine.name}.status.json").write_text(
                    machine.run("cat", "/var/lib/meshstrap/status.json").out
                )
            if machine.console.exists():
                shutil.copyfile(machine.console, folder / f"{machine.name}.console")

    @staticmethod
    def encode(text: str) -> str:
        """What the console does with pasted text."""
        return base64.b64encode(text.encode()).decode()
