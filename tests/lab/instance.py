"""What both kinds of machines have: an account, and commands that are run in them as root."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .network import Account
from .process import Result


class Instance(ABC):
    """A machine of the lab, whatever it is made of."""

    name: str
    account: Account
    booted: float
    """When it last got power, in seconds since 1970; 0 before it had any."""

    @abstractmethod
    def run(self, *argv: str, text: str | None = None, timeout: float = 120) -> Result:
        """Run a command in the machine, as root; ``text`` is its input, ``timeout`` in seconds."""

    def run_as_unit(self, *argv: str, timeout: float = 120) -> Result:
        """Run a command in a cgroup of the machine: elsewhere Cilium's socket programs do not see its connections."""
        return self.run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--", *argv, timeout=timeout)

    def bash(self, script: str, *, timeout: float = 120) -> Result:
        """Run a piece of bash in the machine, as root."""
        return self.run("bash", "-c", script, timeout=timeout)

    def journal(self, *options: str) -> str:
        """The machine's journal."""
        return self.run("journalctl", "--no-pager", "-o", "short-iso", *options).out
