"""The lab: one segment, the machines on it, and the promise that nothing of it is left behind."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from types import TracebackType

from . import metadata
from .machine import Machine
from .network import Account, Segment
from .tree import base_tree

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


class Lab:
    """A context: machines are made in it, and all of it is gone afterwards, whatever happens."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        # Interface and namespace names are short; the process id keeps two labs apart.
        self.segment = Segment(f"ms{os.getpid()}")
        self.accounts: list[Account] = []
        self.machines: list[Machine] = []

    def __enter__(self) -> Lab:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.segment.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for machine in self.machines:
            machine.remove()
        for account in self.accounts:
            account.down()
        self.segment.down()

    def machine(self, name: str, *, suite: str = "trixie", kubelet: bool = False, binds: tuple[str, ...] = ()) -> Machine:
        """A new machine in an account of its own, not yet booted."""
        folder = self.folder / name
        account = Account(self.segment, name, 11 + len(self.accounts), folder / "account")
        self.accounts.append(account)
        account.up()
        machine = Machine(name, account, base_tree(suite, self.cache), folder, kubelet=kubelet, binds=binds)
        self.machines.append(machine)
        machine.write("/etc/systemd/network/05-lab-ens3.network", NIC)
        return machine

    def launch(self, machine: Machine, user_data: str, ssh_keys: str = "") -> None:
        """Launch as on OCI: metadata from Oracle's address, picked up by cloud-init's own DataSourceOracle.

        ``user_data`` is base64, as Oracle stores it. Raises ``MetadataTooLarge`` as Oracle would.
        """
        account = machine.account
        metadata.write_instance(
            account.folder, name=machine.name, mac=account.mac, address=account.address, user_data=user_data, ssh_keys=ssh_keys
        )
        account.serve(sys.executable, str(Path(metadata.__file__)), str(account.folder))
        # A container hides the chassis tag that cloud-init looks for; a list of one is taken without looking.
        machine.write("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ Oracle ]\n")
        machine.boot()

    @staticmethod
    def encode(text: str) -> str:
        """What the console does with pasted text."""
        return base64.b64encode(text.encode()).decode()
