"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, drop, fault, place, says, text, unit
from tests.unit.hosts.green import GIB, ROOT_DISK


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    fstab = "/dev/mapper/ocivolume-root / xfs defaults 0 0\n"
    if node.family == "apt":
        fstab = (
            "LABEL=cloudimg-rootfs / ext4 discard 0 1\n# /swap none swap sw 0 0\n"
            "UUID=25f4-26dc /var/lib/meshstrap-data ext4 "
            "noatime,x-systemd.device-timeout=60s,nofail,_netdev,x-meshstrap 0 2\n"
        )
    volume = ROOT_DISK | {"device": "8:16", "bytes": 100 * GIB, "free": 80 * GIB}
    users = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
    own = ("/var/lib/meshstrap-data", "/dev/oracleoci/oraclevdb") if node.block_volume else ()
    return {
        "texts": {"/etc/fstab": fstab},
        "places": dict.fromkeys((*users, *own), volume if node.block_volume else ROOT_DISK),
        "commands": {
            "probe /dev/oracleoci/oraclevdb": "DEVNAME=/dev/sdb\nLABEL=meshstrap\nUUID=25f4-26dc\nTYPE=ext4\n",
            "size /dev/oracleoci/oraclevdb": f"{100 * GIB}\n",
        },
    }


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
