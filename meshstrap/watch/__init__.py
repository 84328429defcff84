"""What the nodes say of themselves while they boot, read over SSH, all of them at once."""

from meshstrap.watch.reading import read_node
from meshstrap.watch.show import Watch
from meshstrap.watch.sight import Sight
from meshstrap.watch.ssh import Connection, parse_hosts, ssh_configuration, ssh_program

__all__ = [
    "Connection",
    "Sight",
    "Watch",
    "parse_hosts",
    "read_node",
    "ssh_configuration",
    "ssh_program",
]
