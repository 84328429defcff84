"""Connects, and hands the connection to ssh: its ``ProxyCommand`` with ``ProxyUseFdpass``, run in a namespace."""

from __future__ import annotations

import os
import socket
import sys

if __name__ == "__main__":
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
    connection.setblocking(True)
    with socket.socket(fileno=os.dup(1)) as ssh:
        socket.send_fds(ssh, [b"\0"], [connection.fileno()])
