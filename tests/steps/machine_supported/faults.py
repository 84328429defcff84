"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, fault, out, says, text


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    is_apt = node.family == "apt"
    del plan
    release = 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\n'
    if not is_apt:
        release = 'NAME="Oracle Linux Server"\nID="ol"\nVERSION_ID="9.6"\n'
    memory = "MemTotal:       12345678 kB\nMemFree:         9876543 kB\n"
    return {
        "texts": {"/etc/os-release": release, "/proc/meminfo": memory},
        "commands": {
            "kernel": "6.8.0-1020-oracle aarch64\n",
            "cpus": "2\n",
            "pages": "4096\n",
            "clock": "yes\n",
            "cgroup": "cgroup2fs\n",
        },
    }


FAULTS = (
    fault("machine", "the system is the planned one", text("/etc/os-release", "24.04", "22.04"), "ubuntu-22.04"),
    fault("machine", "the system is the planned one", text("/etc/os-release", "9.6", "8.10"), "oracle-8", WORKER),
    fault("machine", "the processor is the planned one", out("kernel", "aarch64", "x86_64"), "x86_64"),
    fault("machine", "the kernel runs cilium", out("kernel", "6.8.0", "5.4.17"), "5.4.17-1020-oracle"),
    fault("machine", "cgroups are version two", says("cgroup", "tmpfs"), "tmpfs"),
    fault("machine", "memory pages have 4 kib", says("pages", "65536"), "64 KiB"),
    fault("machine", "the cpus suffice", says("cpus", "1"), "1"),
    fault("machine", "the memory suffices", text("/proc/meminfo", "12345678", "1000000"), "976 MiB"),
    fault("machine", "the clock is synchronised", says("clock", "no"), "not synchronised"),
)
