"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import drop, fault, out, put

IPV4 = "/proc/sys/net/ipv4"

FAULTS = (
    fault(
        "machine",
        "kernel settings are in force",
        put(f"{IPV4}/conf/all/rp_filter", "1\n"),
        "net.ipv4.conf.all.rp_filter = 1",
    ),
    fault(
        "machine", "kernel settings are in force", drop("texts", f"{IPV4}/ip_forward"), "net.ipv4.ip_forward = unknown"
    ),
    fault(
        "machine",
        "kernel settings come back at every boot",
        out("sysctl_files", "max_user_watches = 1048576\n", "max_user_watches = 1048576\nnet.ipv4.ip_forward=0\n"),
        "net.ipv4.ip_forward = 0",
    ),
    fault(
        "machine",
        "kernel settings come back at every boot",
        out("sysctl_files", "net.ipv4.conf.default.rp_filter = 0\n", ""),
        "net.ipv4.conf.default.rp_filter = 1",
    ),
)
