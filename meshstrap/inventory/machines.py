"""The machines and the accounts that they live in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from meshstrap.inventory import shapes
from meshstrap.inventory.field_types import (
    Address,
    Arch,
    BlockVolumeGib,
    BootVolumeGib,
    Device,
    Flag,
    FreeForm,
    Label,
    LabelKey,
    LabelValue,
    MemoryGib,
    Ocpus,
    QuotaGib,
    QuotaOcpus,
    Region,
    Role,
    Shape,
    SshKey,
    Subnet,
    System,
    Taint,
    User,
)
from meshstrap.inventory.section import Section, documented

_EXAMPLE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample0 alice@laptop"


class Quota(Section):
    """What an account may use in all; each limit may be left out."""

    ocpus: QuotaOcpus | None = documented("OCPUs of all nodes together.", 2, default=None)
    memory_gib: QuotaGib | None = documented("Memory of all nodes together, GiB.", 12, default=None)
    storage_gib: QuotaGib | None = documented("Boot and block volumes of all nodes together, GiB.", 200, default=None)


class Account(Section):
    """One cloud tenancy."""

    name: Label = documented("The account's name in this file, a DNS label.", "alice")
    region: Region = documented("The cloud region, shown in plans and diagrams.", "ap-chuncheon-1", default="")
    subnet: Subnet | None = documented(
        "The private subnet of the account's machines. May be the same in every account.", "10.0.0.0/24", default=None
    )
    quota: Quota | None = documented(
        "What the account may use; the nodes' sums are held against it.",
        {"ocpus": 2, "memory_gib": 12, "storage_gib": 200},
        default=None,
    )
    ssh_authorized_keys: tuple[SshKey, ...] = documented(
        "Public keys that you will give the cloud beside the user-data: both share its size limit. "
        "Only their size is used; none listed: room for one RSA-4096 key is kept.",
        [_EXAMPLE_KEY],
        default=(),
    )


class BlockVolume(Section):
    """A data volume for containers, pod logs and the kubelet."""

    device: Device = documented(
        "The device's path, as selected when the volume is attached.", "/dev/oracleoci/oraclevdb"
    )
    size_gib: BlockVolumeGib = documented("Its size, GiB. A device of another size is left alone.", 100)
    format: Flag = documented("Whether a blank volume may be formatted.", example=True, default=False)


class Node(Section):
    """One machine."""

    name: Label = documented("Hostname, name in the tailnet and Kubernetes node name: a DNS label.", "cp1")
    account: Label = documented("The account that the machine lives in.", "alice")
    role: Role = documented("control-plane or worker.", "worker")
    os: System = documented("The image's system.", "ubuntu-24.04", default="ubuntu-24.04")
    shape: Shape = documented(
        "The shape, as OCI calls the kind of a machine; `generic` for a machine that is no OCI instance.",
        shapes.DEFAULT,
        default=shapes.DEFAULT,
    )
    arch: Arch = documented(
        "The processor, arm64 or amd64. Follows from the shape; only `generic` has to name it.",
        "arm64",
        default="arm64",
    )
    ocpus: Ocpus = documented(
        "OCPUs: one is one CPU of an A1 and of `generic`, two CPUs of every other shape. VM.Standard.E2.1.Micro has 1.",
        2,
        default=2,
    )
    memory_gib: MemoryGib = documented("Memory, GiB. VM.Standard.E2.1.Micro has 1.", 12, default=12)
    boot_volume_gib: BootVolumeGib = documented(
        "The boot volume's size, GiB; 47 or more, but for `generic`.", 50, default=50
    )
    block_volume: BlockVolume | None = documented(
        "A data volume, if there is one.",
        {"device": "/dev/oracleoci/oraclevdb", "size_gib": 100, "format": True},
        default=None,
    )
    labels: Mapping[LabelKey, LabelValue] = documented(
        "Kubernetes labels that the node gives itself.", {"disk": "fast"}, default={}
    )
    taints: tuple[Taint, ...] | None = documented(
        "Taints, key=value:Effect. Absent: kubeadm's own; an empty list: none, so that pods run on the control plane.",
        ["dedicated=storage:NoSchedule"],
        default=None,
    )
    kubelet: FreeForm = documented(
        "Fields of KubeletConfiguration for this node alone, over the cluster's.", {"maxPods": 60}, default={}
    )
    login_user: User = documented(
        "The user who may run kubectl. Empty: the image's own (ubuntu, debian or opc).", "ubuntu", default=""
    )
    address: Address = documented(
        "Where SSH reaches the machine, for `invoke verify`: a name or an address. Empty: what your SSH config or the "
        "tailnet knows it by.",
        "203.0.113.7",
        default="",
    )

    @model_validator(mode="before")
    @classmethod
    def _follow_the_shape(cls, written: Any) -> Any:
        """What the shape settles need not be written; what is written against it is refused by a rule."""
        return {**shapes.settled(written.get("shape")), **written} if isinstance(written, dict) else written
