"""What is allowed and still worth knowing before any machine exists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshstrap.inventory.model import Inventory
from meshstrap.inventory.shapes import DEFAULT, GENERIC, MICRO, MICROS_AN_ACCOUNT, SHAPES
from meshstrap.plan import machines
from meshstrap.plan.accounts import FREE_MEMORY_GIB, FREE_OCPUS
from meshstrap.plan.network import derive_network

COMFORTABLE_CONTROL_PLANE_MEMORY_GIB = 4
"""kubeadm itself asks for 1700 MiB; etcd, API server, Cilium and CoreDNS together use 2 to 3 GiB once pods run."""

AWS_USER_DATA_BYTES = 16_384
"""What EC2 takes before base64 (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html)."""

NAMES_SHOWN = 5
"""Nodes or accounts that a warning names."""


def derive_warnings(inventory: Inventory) -> tuple[str, ...]:
    """Warnings of the plan, each with what it is about; those about versions and subnets are compat's."""
    return (
        *_memory(inventory),
        *_quotas(inventory),
        *_shapes(inventory),
        *_kubelets(inventory),
        *_devices(inventory),
    )


def _memory(inventory: Inventory) -> Iterator[str]:
    for node in inventory.nodes:
        if node.role == machines.CONTROL_PLANE and node.memory_gib < COMFORTABLE_CONTROL_PLANE_MEMORY_GIB:
            yield (
                f"node {node.name}: {node.memory_gib} GiB is little for a control plane; below "
                f"{COMFORTABLE_CONTROL_PLANE_MEMORY_GIB} GiB it is slow once pods run beside it"
            )


def _quotas(inventory: Inventory) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for account in inventory.accounts:
        if account.quota is None:
            said = "no quota is given, so the nodes are not held against one"
            nodes = [node for node in inventory.nodes if (node.account, node.shape) == (account.name, DEFAULT)]
            ocpus, memory = sum(node.ocpus for node in nodes), sum(node.memory_gib for node in nodes)
            if ocpus > FREE_OCPUS or memory > FREE_MEMORY_GIB:
                said += f"; in one account they take {ocpus} OCPUs and {memory} GiB of {DEFAULT}"
                said += f", of which {FREE_OCPUS} and {FREE_MEMORY_GIB} are Always Free"
            told.setdefault(said, []).append(account.name)
    yield from (f"{_named(names, 'account')}: {said}" for said, names in told.items())


def _shapes(inventory: Inventory) -> Iterator[str]:
    for name in dict.fromkeys(node.shape for node in inventory.nodes):
        nodes = _named(node.name for node in inventory.nodes if node.shape == name)
        if name == GENERIC:
            yield (
                f"{nodes}: how much user-data a machine outside OCI takes is its provider's choice; sizes are held "
                f"against OCI's. AWS takes {AWS_USER_DATA_BYTES} bytes: let the nodes fetch their code (sources.code), "
                "or hand a machine that runs already over with `invoke adopt`"
            )
        elif not SHAPES[name].free:
            yield (
                f"{nodes}: {name} is none of OCI's Always Free shapes, so it costs money, or a trial's credit, for "
                f"every hour that it runs; free are {' and '.join(one.name for one in SHAPES.values() if one.free)}"
            )
        elif name == MICRO:
            yield (
                f"{nodes}: {MICRO} has an eighth of an OCPU and 1 GiB: joining takes long, and the kubelet, Cilium and "
                "Tailscale leave little for pods"
            )
    for account in inventory.accounts:
        micros = [node.name for node in inventory.nodes if (node.account, node.shape) == (account.name, MICRO)]
        if len(micros) > MICROS_AN_ACCOUNT:
            yield f"account {account.name}: OCI gives an account {MICROS_AN_ACCOUNT} of {MICRO}, not {len(micros)}"


def _named(names: Iterable[str], what: str = "node") -> str:
    """``node w1`` or ``nodes w1, w2 and 7 more``."""
    found = list(names)
    more = f" and {len(found) - NAMES_SHOWN} more" if len(found) > NAMES_SHOWN else ""
    return f"{what}{'s' if len(found) > 1 else ''} {', '.join(found[:NAMES_SHOWN])}{more}"


def _devices(inventory: Inventory) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for node in inventory.nodes:
        if node.block_volume and re.fullmatch(r"/dev/(sd|vd|xvd|nvme)\w+", node.block_volume.device):
            told.setdefault(node.block_volume.device, []).append(node.name)
    for device, names in told.items():
        yield (
            f"{_named(names)}: {device} is a name that the kernel gives anew at every boot: "
            "another disk may have it then; a path that stays is /dev/oracleoci/oraclevdb or one in /dev/disk/by-id"
        )


def _kubelets(inventory: Inventory) -> Iterator[str]:
    network = derive_network(inventory.cluster.pod_subnet, inventory.cluster.service_subnet)
    # Without the first and the last; Cilium takes two or three of them for itself.
    addresses = 2 ** (32 - network.node_pod_prefix) - 2
    yield from _kubelet("cluster.kubelet", inventory.cluster.kubelet, addresses)
    for index, node in enumerate(inventory.nodes):
        path = f"nodes[{index}].kubelet"
        yield from _kubelet(path, node.kubelet, addresses)
        if node.block_volume and {**inventory.cluster.kubelet, **node.kubelet}.get("podLogsDir"):
            yield f"{path}: podLogsDir leads away from /var/log/pods, which {node.name}'s data volume carries"


def _kubelet(path: str, fields: Mapping[str, Any], addresses: int) -> Iterator[str]:
    """Fields that a step or the plan takes the effect from."""
    if fields.get("failSwapOn") is False or fields.get("memorySwap"):
        yield f"{path}: swap has no effect: the step swap_off switches it off on every node, at every boot"
    pods = fields.get("maxPods")
    if isinstance(pods, int) and pods > addresses:
        yield f"{path}: maxPods is {pods}, but a node has {addresses} pod addresses: further pods wait for one"
