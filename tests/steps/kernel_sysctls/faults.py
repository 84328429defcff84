"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, drop, fault, out, put

IPV4 = "/proc/sys/net/ipv4"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan, node
    running = {
        "net/ipv4/ip_forward": "1",
        "net/ipv4/conf/all/rp_filter": "0",
        "net/ipv4/conf/default/rp_filter": "0",
        "fs/inotify/max_user_instances": "8192",
        "fs/inotify/max_user_watches": "1048576",
    }
    files = (
        "# /etc/sysctl.d/99-sysctl.conf\nnet.ipv4.conf.*.rp_filter = 1\n\n"
        "# /etc/sysctl.d/99-zz-meshstrap.conf\n"
        "net.ipv4.ip_forward = 1\n"
        "-net/ipv4/conf/all/rp_filter = 0\nnet.ipv4.conf.default.rp_filter = 0\nfs.inotify.max_user_instances = 8192\n"
        "fs.inotify.max_user_watches = 1048576\n"
    )
    return {
        "texts": {f"/proc/sys/{name}": f"{value}\n" for name, value in running.items()},
        "commands": {"sysctl_files": files},
    }


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
