"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, fault, out, says, text

FAULTS = (
    fault("machine", "the system is the planned one", text("/etc/os-release", "24.04", "22.04"), "ubuntu-22.04"),
    fault("machine", "the system is the planned one", text("/etc/os-release", "9.6", "8.10"), "oracle-8", WORKER),
    fault("machine", "the processor is the planned one", out("kernel", "aarch64", "x86_64"), "x86_64"),
    fault("machine", "the kernel runs cilium", out("kernel", "6.8.0", "5.4.17"), "5.4.17-1020-oracle"),
    fault("machine", "cgroups are version two", says("cgroup", "tmpfs"), "tmpfs"),
    fault("machine", "the cpus suffice", says("cpus", "1"), "1"),
    fault("machine", "the memory suffices", text("/proc/meminfo", "12345678", "1000000"), "976 MiB"),
    fault("machine", "the clock is synchronised", says("clock", "no"), "not synchronised"),
)
