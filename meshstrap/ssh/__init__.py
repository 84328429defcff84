"""The way to the nodes: the system's own ``ssh``, with the person's keys, agent and configuration.

Everybody who asks a node something comes through here; :func:`~meshstrap.ssh.program.run_bounded` starts the program.
"""

from meshstrap.ssh.addresses import machine_name, peers_of, tailnet_addresses
from meshstrap.ssh.advice import advice, reason_of
from meshstrap.ssh.configuration import Host, parse_hosts, ssh_configuration
from meshstrap.ssh.connection import BATCH, Connection, ssh_program
from meshstrap.ssh.program import SSH_FAILED, Answer, Programs, run_bounded

__all__ = [
    "BATCH",
    "SSH_FAILED",
    "Answer",
    "Connection",
    "Host",
    "Programs",
    "advice",
    "machine_name",
    "parse_hosts",
    "peers_of",
    "reason_of",
    "run_bounded",
    "ssh_configuration",
    "ssh_program",
    "tailnet_addresses",
]
