"""One look at one node: its status.json, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from meshstrap.ssh import SSH_FAILED, Answer, Connection, advice, reason_of
from meshstrap.status import parse_status
from meshstrap.watch.sight import NO_RUN, UNREACHABLE, UNREADABLE, Sight, sight_of

Clock: TypeAlias = Callable[[], datetime]

NO_STATUS = 66
"""EX_NOINPUT of sysexits.h: the file is not there."""

# While its disk is full a node keeps the newest status in /run (scripts/lib/status.sh).
COMMAND = f"""\
date -u +%Y-%m-%dT%H:%M:%SZ
for file in /run/meshstrap-status.json /var/lib/meshstrap/status.json; do
[ ! -r "$file" ] || exec cat "$file"
[ ! -f "$file" ] || exec sudo -n cat "$file"
done
exit {NO_STATUS}"""
"""Plain sh, as the login user; by sudo while a login URL is in the file. The node's clock comes first."""


async def read_node(connection: Connection, node: str, now: Clock) -> Sight:
    """What the node says now. Never raises for what a node or the way to it does."""
    return parse_answer(node, await connection.run(node, COMMAND), now())


def parse_answer(node: str, answer: Answer, read: datetime) -> Sight:
    """An answer to :data:`COMMAND` as what was seen."""
    if answer.code == SSH_FAILED:
        reason = reason_of(answer.err) or "ssh failed and did not say why"
        return Sight(node=node, state=UNREACHABLE, message=reason, next=advice(node, answer.err), read=read)
    if answer.code == NO_STATUS:
        return Sight(
            node=node,
            state=NO_RUN,
            message="it answers, but no run has begun",
            next="cloud-init status --long; journalctl -u meshstrap -n 50",
            read=read,
        )
    clock, _, text = answer.out.partition("\n")
    try:
        node_clock = datetime.strptime(clock.strip(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return sight_of(node, parse_status(text), node_clock, read)
    except ValueError:
        message = "what it says is no status that this meshstrap knows"
        look = "sudo bash /opt/meshstrap/bootstrap.sh --status"
        return Sight(node=node, state=UNREADABLE, message=message, next=look, read=read)
