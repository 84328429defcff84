"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import drop, fault, place, says, text, unit
from tests.unit.hosts.green import GIB

FAULTS = (
    fault(
        "storage",
        "the volume is mounted",
        place("/var/lib/meshstrap-data", device="8:1"),
        "/var/lib/meshstrap-data lies on device 8:1",
    ),
    fault("storage", "the volume is mounted", drop("places", "/var/lib/meshstrap-data"), "lies on device none"),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", ",nofail", ""),
        "options noatime,x-systemd",
    ),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", "UUID=25f4-26dc", "/dev/sdb"),
        "/dev/sdb in fstab",
    ),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", "UUID=25f4-26dc", "# UUID"),
        "0 lines of fstab",
    ),
    fault(
        "storage",
        "the volume carries containers and pods",
        place("/var/lib/containerd", device="8:1"),
        "/var/lib/containerd on device 8:1",
    ),
    fault(
        "storage",
        "the volume carries containers and pods",
        drop("places", "/var/log/pods"),
        "/var/log/pods on device none",
    ),
    fault(
        "storage",
        "nothing starts before the volume is there",
        unit("containerd", "RequiresMountsFor", "/var/lib/kubelet /var/log/pods"),
        "containerd does not wait for /var/lib/containerd",
    ),
    fault("storage", "the volume has the planned size", says("size /dev/oracleoci/oraclevdb", str(50 * GIB)), "54 GB"),
)
