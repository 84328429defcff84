"""One call of ssh on a node."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from meshstrap.errors import NoWay
from meshstrap.ssh.program import Answer, run_bounded

BATCH = ("-T", "-o", "BatchMode=yes", "-o", "RemoteCommand=none")
"""Nobody is there to answer a question, and ten hosts at once could not all ask; no terminal is wanted there, and no
other command than ours, whatever the person's configuration has for its own logins."""

ANSWER_SECONDS = 25
"""How long a short call may take, resolving and logging in included: a host that answers nothing is one line then."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The program and the configuration file that leads to every node by its name."""

    program: str
    configuration: Path

    async def run(self, node: str, command: str, *, told: str = "", seconds: float = ANSWER_SECONDS) -> Answer:
        """Run a short command on a node. It ends with an answer, whatever happens; when cancelled, ssh goes with it.

        ``told``: what the command reads on its input. That is the place for secrets: everybody sees arguments.
        """
        argv = (self.program, "-F", str(self.configuration), *BATCH, "--", node, command)
        return await run_bounded(argv, whole=seconds, told=told)


def ssh_program() -> str:
    """Where ssh is. ``NoWay`` when there is none."""
    program = shutil.which("ssh")
    if program is None:
        message = "there is no ssh on this machine; install an SSH client (openssh-client, openssh-clients)"
        raise NoWay(message)
    return program
