"""Reading from a node through the system's own ``ssh``: with the person's keys, agent and configuration.

The one call of a program in here is :meth:`Connection.run`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshstrap.errors import WatchRefused

CONNECT_SECONDS = 8
"""How long ssh tries to connect, unless the person's configuration says otherwise."""

ANSWER_SECONDS = 25
"""How long a whole call may take, resolving and logging in included: a host that answers nothing is one line then."""

SSH_FAILED = 255
"""ssh's own exit code; any other is the command's (ssh(1), EXIT STATUS)."""

_ADDRESS = re.compile(r"(?:(?P<user>[A-Za-z_][A-Za-z0-9_.-]*)@)?(?P<address>[A-Za-z0-9:][A-Za-z0-9.:%_-]*)")


@dataclass(frozen=True, kw_only=True)
class Host:
    """Where a person says that a node is; ``user`` may be empty."""

    address: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one call. ``code`` is 255 when ssh itself failed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The program and the configuration file that leads to every node by its name."""

    program: str
    configuration: Path

    async def run(self, node: str, command: str) -> Answer:
        """Run a command on a node. It ends with an answer, whatever happens; when cancelled, ssh goes with it."""
        process = await asyncio.create_subprocess_exec(
            *(self.program, "-F", str(self.configuration), "-T", "-o", "BatchMode=yes", "--", node, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), ANSWER_SECONDS)
        except TimeoutError:
            return Answer(code=SSH_FAILED, out="", err=f"no answer within {ANSWER_SECONDS} seconds")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Answer(code=process.returncode or 0, out=out.decode(errors="replace"), err=err.decode(errors="replace"))


def ssh_program() -> str:
    """Where ssh is. ``WatchRefused`` when there is none."""
    program = shutil.which("ssh")
    if program is None:
        message = "there is no ssh on this machine; install an SSH client (openssh-client, openssh-clients)"
        raise WatchRefused(message)
    return program


def parse_hosts(text: str, nodes: Iterable[str]) -> dict[str, Host]:
    """``w1=203.0.113.7,cp1=ubuntu@198.51.100.4`` by node. ``WatchRefused`` names what is wrong."""
    known, hosts = frozenset(nodes), {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        node, _, place = item.partition("=")
        match = _ADDRESS.fullmatch(place)
        if match is None:
            message = f"--hosts {item}: is not NODE=ADDRESS or NODE=USER@ADDRESS, like w1=203.0.113.7"
            raise WatchRefused(message)
        if node not in known:
            message = f"--hosts {item}: the inventory has no node '{node}'; it has {', '.join(sorted(known))}"
            raise WatchRefused(message)
        hosts[node] = Host(address=match["address"], user=match["user"] or "")
    return hosts


def ssh_configuration(users: Mapping[str, str], hosts: Mapping[str, Host], own: str) -> str:
    """A configuration for ssh, which takes the first value that it finds (ssh_config(5)).

    First what ``hosts`` says, then the person's ``own`` file, then the system's, then our defaults: the image's login
    user, and a new machine's key is accepted once and held to from then on.
    """
    lines = []
    for node, host in hosts.items():
        lines += [f"Host {node}", f"  HostName {host.address}", *([f"  User {host.user}"] if host.user else [])]
    lines += ["Match all", f'  Include "{own}"', "  Include /etc/ssh/ssh_config"]
    for node, user in users.items():
        lines += [f"Host {node}", f"  User {user}"]
    lines += ["Match all", f"  ConnectTimeout {CONNECT_SECONDS}", "  StrictHostKeyChecking accept-new"]
    return "\n".join(lines) + "\n"
