"""The inventory: what a person says about the cluster. What follows from it is the plan's."""

from __future__ import annotations

from meshstrap.inventory.components import Component
from meshstrap.inventory.field_types import (
    CaCertHash,
    DnsName,
    Flag,
    FreeForm,
    Label,
    LoginServer,
    MachineCheck,
    PreflightCheck,
    Routing,
    Selinux,
    Subnet,
    Tag,
    Version,
)
from meshstrap.inventory.machines import Account, Node
from meshstrap.inventory.section import Section, documented
from meshstrap.inventory.sources import Sources


class Cluster(Section):
    """The cluster as a whole."""

    name: Label = documented("The cluster's name, a DNS label.", "homelab")
    kubernetes_version: Version = documented(
        "Kubernetes, MAJOR.MINOR.PATCH. The default is the newest that every part is known to work with.",
        "1.36.3",
        default="1.36.3",
    )
    pod_subnet: Subnet = documented(
        "Addresses of the pods; each node gets a /24 of it. Private, and nowhere else in use. "
        "Fixed once the cluster lives.",
        "10.244.0.0/16",
        default="10.244.0.0/16",
    )
    service_subnet: Subnet = documented(
        "Addresses of the services. Private, and nowhere else in use. Fixed once the cluster lives.",
        "10.96.0.0/16",
        default="10.96.0.0/16",
    )
    api_endpoint: DnsName = documented(
        "The API server's name, in /etc/hosts of every node; port 6443. No DNS server has to know it. "
        "Fixed once the cluster lives.",
        "k8s-api.internal",
        default="k8s-api.internal",
    )
    ca_cert_hash: CaCertHash = documented(
        "The hash of the cluster's CA, once the cluster lives: later workers then accept no other. Empty before.",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        default="",
    )
    containerd_version: Version = documented("The container runtime, MAJOR.MINOR.PATCH.", "2.3.6", default="2.3.6")
    helm_version: Version = documented(
        "Helm, which installs Cilium, MAJOR.MINOR.PATCH. Other versions need their checksum in sources.helm.",
        "4.3.0",
        default="4.3.0",
    )
    kubelet: FreeForm = documented(
        "Fields of KubeletConfiguration for every node, over meshstrap's own.", {"maxPods": 60}, default={}
    )
    api_server: Component = documented(
        "Further arguments and volumes of kube-apiserver.", {"arguments": {"event-ttl": "2h"}}, default={}
    )
    controller_manager: Component = documented(
        "Further arguments and volumes of kube-controller-manager.",
        {"arguments": {"terminated-pod-gc-threshold": "100"}},
        default={},
    )
    scheduler: Component = documented(
        "Further arguments and volumes of kube-scheduler.", {"arguments": {"v": "4"}}, default={}
    )
    pods_reach_tailnet: Flag = documented(
        "Whether pods may open connections to machines of the tailnet that are no nodes of this cluster.",
        example=True,
        default=False,
    )
    waive_preflight: tuple[PreflightCheck, ...] = documented(
        "kubeadm's preflight checks that may fail, each by its name.", ["NumCPU"], default=()
    )
    waive_machine: tuple[MachineCheck, ...] = documented(
        "meshstrap's own checks of the machine that may fail: os, arch, kernel, cgroup, cpus, memory, clock, disk.",
        ["cpus"],
        default=(),
    )
    selinux: Selinux = documented(
        "Oracle Linux only: permissive (set it so) or unmanaged (leave it alone).", "permissive", default="permissive"
    )


class Tailnet(Section):
    """The network that joins the nodes."""

    login_server: LoginServer = documented(
        "The URL of a Headscale coordination server. Absent: Tailscale's own.",
        "https://headscale.example.net",
        default="",
    )
    plain_http: Flag = documented(
        "Whether login_server may be http://. Whoever is on the way can take the auth key and answer for it.",
        "false",
        default=False,
    )
    tags: tuple[Tag, ...] = documented(
        "Tags that the nodes ask for; tagged nodes belong to no person and never expire.",
        ["tag:k8s-node"],
        default=("tag:k8s-node",),
    )
    version: Version = documented("Tailscale, MAJOR.MINOR.PATCH.", "1.102.5", default="1.102.5")


class Cilium(Section):
    """The pod network."""

    version: Version = documented(
        "Cilium, MAJOR.MINOR.PATCH. Other versions need their checksum in sources.cilium_chart.",
        "1.20.2",
        default="1.20.2",
    )
    routing: Routing = documented(
        "How pods of different nodes reach each other: vxlan, or tailnet, which is faster and needs an approval.",
        "vxlan",
        default="vxlan",
    )
    hubble: Flag = documented("Whether Hubble's relay and UI are installed.", example=True, default=False)
    values: FreeForm = documented(
        "Helm values, merged over meshstrap's own. Values that the design depends on are refused.",
        {"operator": {"prometheus": {"enabled": True}}},
        default={},
    )


class Inventory(Section):
    """A meshstrap inventory, `cluster.yaml`."""

    cluster: Cluster = documented("The cluster as a whole.", {"name": "homelab"})
    tailnet: Tailnet = documented("The network that joins the nodes.", {"tags": ["tag:k8s-node"]}, default={})
    cilium: Cilium = documented("The pod network.", {"hubble": True}, default={})
    accounts: tuple[Account, ...] = documented("The cloud accounts that the nodes live in.", [{"name": "alice"}])
    nodes: tuple[Node, ...] = documented(
        "The machines: one control plane and any number of workers.",
        [{"name": "cp1", "account": "alice", "role": "control-plane"}],
    )
    sources: Sources = documented(
        "Where nodes download from, when not from the vendors themselves.",
        {"registries": {"registry.k8s.io": "https://mirror.example.net/k8s"}},
        default={},
    )
