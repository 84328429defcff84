"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, drop, fault, put, says, text

FAULTS = (
    fault("machine", "the hostname is the nodes name", says("hostname", "instance-1"), "instance-1"),
    fault("machine", "the hostname is kept", put("/etc/hostname", "instance-1\n"), "/etc/hostname says instance-1"),
    fault("machine", "the hostname is kept", drop("texts", "/etc/hostname"), "/etc/hostname says nothing"),
    fault(
        "machine",
        "the hostname is kept",
        put("/etc/oci-hostname.conf", "PRESERVE_HOSTINFO=0\n"),
        "PRESERVE_HOSTINFO=0",
        WORKER,
    ),
    fault(
        "machine",
        "the hostname resolves without dns",
        text("/etc/hosts", "127.0.1.1 cp1", "# cp1"),
        "no line of /etc/hosts",
    ),
)
