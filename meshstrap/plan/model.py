"""The plan: everything that follows from an inventory, and nothing else.

Pure data: no secret, no clock, no environment. Rendering, the views and the verification read it; none of
them derives anything of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netaddr import IPAddress, IPNetwork

from meshstrap.compat import Collision
from meshstrap.inventory import BlockVolume, PinnedFile, Volume
from meshstrap.inventory.shapes import GENERIC, Shape


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One derived value with the reason for it, for people and for the verification's messages."""

    name: str
    value: str
    why: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Subnets and MTUs of the cluster. MTUs are bytes."""

    pod_subnet: IPNetwork
    service_subnet: IPNetwork
    tailnet_subnet: IPNetwork
    node_pod_prefix: int
    dns_address: IPAddress
    underlay_mtu: int
    vxlan_overhead: int
    pod_mtu: int
    cilium_mtu: int


@dataclass(frozen=True, kw_only=True)
class Versions:
    """Exact versions of everything that a node installs."""

    kubernetes: str
    containerd: str
    tailscale: str
    cilium: str
    helm: str
    pause: str
    cri_tools: str
    kubernetes_cni: str

    @property
    def kubernetes_minor(self) -> str:
        """``1.36`` of ``1.36.3``: the name of the package repository."""
        return ".".join(self.kubernetes.split(".")[:2])

    @property
    def sandbox_image(self) -> str:
        """The image that holds a pod's namespaces."""
        return f"registry.k8s.io/pause:{self.pause}"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One signed package repository. ``kind`` is ``deb`` or ``rpm``; ``packages``: what a node takes from it.

    ``signed_metadata``: not the packages alone are signed but the list of them as well (apt asks for that always).
    """

    name: str
    kind: str
    url: str
    suite: str
    components: tuple[str, ...]
    key_urls: tuple[str, ...]
    key_fingerprints: tuple[str, ...]
    packages: tuple[str, ...]
    signed_metadata: bool


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package with its version pattern as the package manager takes it; empty: any version.

    ``held``: upgrades of the system leave it alone, so that only a new plan changes it.
    """

    name: str
    version: str
    held: bool


@dataclass(frozen=True, kw_only=True)
class RegistryMirror:
    """One image registry and where its images are pulled from instead."""

    registry: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Override:
    """Something that the person set over our own value, shown by ``invoke plan``."""

    path: str
    value: str
    ours: str


@dataclass(frozen=True, kw_only=True)
class AccountPlan:
    """One account with what its nodes use and what its quota allows; ``None``: no quota given.

    ``micros``: machines of the shape VM.Standard.E2.1.Micro, which take nothing of the OCPUs and the memory.
    """

    name: str
    region: str
    subnet: IPNetwork | None
    nodes: tuple[str, ...]
    ocpus: int
    memory_gib: int
    storage_gib: int
    micros: int
    quota_ocpus: int | None
    quota_memory_gib: int | None
    quota_storage_gib: int | None
    ssh_keys_bytes: int


@dataclass(frozen=True, kw_only=True)
class NodePlan:
    """One node: what it is, what it installs and the steps that it runs, in order.

    ``cpus``: what Linux shows of the shape's ``ocpus``. ``family`` is its package manager, ``apt`` or ``dnf``.
    ``address`` is where SSH reaches it, if that is known. ``kubelet`` holds the fields for this node alone.
    """

    name: str
    role: str
    account: str
    region: str
    os: str
    arch: str
    family: str
    login_user: str
    address: str
    shape: Shape
    ocpus: int
    cpus: int
    memory_gib: int
    boot_volume_gib: int
    minimum_cpus: int
    minimum_memory_mib: int
    minimum_disk_gib: int
    block_volume: BlockVolume | None
    labels: Mapping[str, str]
    taints: tuple[str, ...] | None
    kubelet: Mapping[str, Any]
    selinux: str
    waived_machine_checks: tuple[str, ...]
    repositories: tuple[Repository, ...]
    packages: tuple[Package, ...]
    helm: PinnedFile
    steps: tuple[str, ...]

    @property
    def is_control_plane(self) -> bool:
        """Whether this node runs the API server."""
        return self.role == "control-plane"

    @property
    def is_instance(self) -> bool:
        """Whether the machine is an instance of OCI's."""
        return self.shape.name != GENERIC


@dataclass(frozen=True, kw_only=True)
class CiliumImages:
    """What the chart will run, as its values name it."""

    agent: str
    operator: str


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part of the control plane: what it is told on its command line and what it sees, beyond kubeadm's own."""

    arguments: Mapping[str, str]
    volumes: tuple[Volume, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments as they stand on the command line."""
        return tuple(f"--{name}={value}" for name, value in self.arguments.items())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The whole cluster. ``cilium_values`` and ``kubelet`` are complete: ours with the person's over them.

    ``code_url``: the folder that nodes fetch their code from; empty when it travels in the user-data.
    """

    name: str
    api_endpoint: str
    api_port: int
    control_plane: str
    ca_cert_hash: str
    pods_reach_tailnet: bool
    login_server: str
    tags: tuple[str, ...]
    versions: Versions
    network: Network
    routing: str
    cilium_values: Mapping[str, Any]
    cilium_chart: PinnedFile
    cilium_images: CiliumImages
    kubelet: Mapping[str, Any]
    api_server: Component
    controller_manager: Component
    scheduler: Component
    waived_preflight: tuple[str, ...]
    registry_mirrors: tuple[RegistryMirror, ...]
    trusted_ca: str
    code_url: str
    accounts: tuple[AccountPlan, ...]
    nodes: tuple[NodePlan, ...]
    facts: tuple[Fact, ...]
    collisions: tuple[Collision, ...]
    overrides: tuple[Override, ...]
    warnings: tuple[str, ...]

    @property
    def components(self) -> Mapping[str, Component]:
        """The parts of the control plane that have arguments of ours, by the name of their program."""
        return {
            "kube-apiserver": self.api_server,
            "kube-controller-manager": self.controller_manager,
            "kube-scheduler": self.scheduler,
        }

    def node(self, name: str) -> NodePlan:
        """The node of that name; ``KeyError`` when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
