"""Names and numbers of a host: the one table of the values that the steps and the verification both mean.

Only values are shared: how a step looks and how a check looks are two ways. What bash and documents spell out by
themselves is held to this table by a test.
"""

from __future__ import annotations

from meshstrap.plan.merging import merge_values
from meshstrap.plan.model import Network, NodePlan, Plan, Versions

MINIMUM_KERNEL = (5, 10)
"""Cilium's own requirement: https://docs.cilium.io/en/stable/operations/system_requirements/"""

SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "1048576",
}
"""Kernel settings by name: the first three are kubeadm's preflight; a reverse path filter drops pods, whose interfaces
carry no address; the last two are for kubelets and containers, which watch many files (the kernel's own: 128, 8192)."""

TAILNET_DEVICE = "tailscale0"
"""Tailscale's network interface on Linux."""

POD_DEVICES = ("lxc+", "cilium_+")
"""Network interfaces of Cilium, as iptables and firewalld name a beginning: one for each pod, its own three
(``cilium_host``, ``cilium_net``, ``cilium_vxlan``)."""

WIREGUARD_PORT = 41641
"""UDP port of tailscaled: the default of its package (/etc/default/tailscaled)."""

MESH_RULE = 5207
"""Priority of the routing rule that keeps tailnet traffic in the tailnet: before Tailscale's own, which begin at 5210
(wgengine/router/osrouter/router_linux.go)."""

POD_RULE, PAST_TAILSCALE_RULE, BEHIND_TAILSCALE_RULE = 5208, 5209, 5280
"""With tailnet routing: pod addresses go to Tailscale's table too, everything else past its rules, which end at 5270.

So no route that another machine of the tailnet advertises takes a node's own subnet from it."""

TAILNET_TABLE = "52"
"""Tailscale's routing table (the same file)."""

POD_IDENTITY_MARK = "0x14080f00"
"""A packet mark as Cilium sets it for a pod of identity 5128: its low byte, 08, is what Tailscale's rule 5210 matches
(``0x80000/0xff0000``, tsconst/linuxfw.go)."""

DATA_VOLUME = "/var/lib/meshstrap-data"
"""Where the block volume is mounted."""

DATA_USERS = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
"""What lives on the block volume."""

SECRETS_FOLDER = "/etc/meshstrap/secrets"
STATUS_FILE = "/var/lib/meshstrap/status.json"
STATUS_FILES = ("/run/meshstrap-status.json", STATUS_FILE)
"""The newest first: the one in memory is written while the disk is full, and removed afterwards."""
ADDRESS_RECORD = "/var/lib/meshstrap/tailnet_address"
SCRIPT = "/opt/meshstrap/bootstrap.sh"

METADATA_ADDRESS = "169.254.169.254"
"""OCI's metadata service; the same address answers DNS and NTP, which pods need."""

LEAST_FREE_PERCENT = 15
"""Percent of a file system: below it the kubelet evicts pods (its default for ``imagefs.available``; for
``nodefs.available`` 10, for free inodes 5)."""

LEAST_FREE_INODES_PERCENT = 5
"""Percent of a file system's inodes: the kubelet's default for ``nodefs.inodesFree``."""

LIFETIME_DAYS = 30
"""Days that whatever has an end date should have left. Each is renewed long before: kubeadm's certificates when 122 of
365 are left (scripts/steps/control_plane), Hubble's when 245 are (the chart's schedule), the kubelet's own at 10 to 30
percent, 36 days at the least (client-go's certificate manager); vendors prolong their signing keys in good time. So at
30 something has not worked, and a person still has a month."""

SILENT_PORTS = {8080: "the API server without TLS", 10255: "the kubelet without authentication"}
"""TCP ports that nothing may listen on: Kubernetes no longer opens them, unless told to."""

INNER_PORTS = {
    2379: "etcd's clients",
    2380: "etcd's peers",
    2381: "etcd's metrics",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
}
"""TCP ports of a control plane that only the machine itself and the tailnet may reach (kubeadm's defaults)."""

KUBELET_PORT = 10250

VXLAN_PORT = 8472
"""Cilium's own, not the 4789 of RFC 7348 (https://docs.cilium.io/en/stable/operations/system_requirements/)."""

MESH_PORTS = {
    ("tcp", 2379): "etcd's clients",
    ("tcp", 2380): "etcd's peers",
    ("tcp", 2381): "etcd's metrics",
    ("tcp", 4240): "Cilium's health",
    ("tcp", 4244): "Hubble",
    ("tcp", 6443): "the API server",
    ("tcp", KUBELET_PORT): "the kubelet",
    ("tcp", 10257): "kube-controller-manager",
    ("tcp", 10259): "kube-scheduler",
    ("udp", VXLAN_PORT): "Cilium's tunnel",
}
"""Ports that only nodes and pods ask: kubeadm's defaults, and those of
https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules."""

CLUSTER_DOMAIN = "cluster.local"
"""The domain of the cluster's own names: kubeadm's default."""

TRANSFER_BYTES = 4 << 20
"""Bytes from pod to pod, for every pair of nodes: some 3,500 full packets."""

TRANSFER_SECONDS = 60
"""Seconds that this may take: 0.6 Mbit/s, less than the slowest path that a cluster lives with."""

PROBE_IMAGE = (
    "docker.io/library/python:3.13.5-alpine3.22@sha256:37b14db89f587f9eaa890e4a442a3fe55db452b69cca1403cc730bd0fbdc8aaf"
)
"""What the pods of a cluster's verification run, unless a person names another image with python3."""


def mesh_ports(protocol: str) -> str:
    """The ports of a protocol that only the mesh needs, with commas between."""
    return ",".join(str(port) for kind, port in MESH_PORTS if kind == protocol)


def openings(network: Network) -> dict[str, tuple[str, ...]]:
    """What the host's firewall lets through before it refuses anything: chain → matches, as iptables writes them."""
    sent = tuple(f"-s {network.pod_subnet} -i {device}" for device in POD_DEVICES)
    received = tuple(f"-d {network.pod_subnet} -o {device}" for device in POD_DEVICES)
    return {
        "INPUT": (f"-i {TAILNET_DEVICE}", f"-p udp -m udp --dport {WIREGUARD_PORT}", *sent),
        "FORWARD": (*sent, *received),
    }


def trusted_words() -> tuple[str, ...]:
    """The same in firewalld's words: interfaces of the zone ``trusted``, and a port."""
    return TAILNET_DEVICE, *POD_DEVICES, f"{WIREGUARD_PORT}/udp"


def broken_kernels(versions: Versions) -> tuple[tuple[int, int], ...]:
    """Kernels that the plan's Cilium does not start on: https://github.com/cilium/cilium/issues/48016."""
    cilium = tuple(int(part) for part in versions.cilium.split(".")[:3])
    return ((7, 2),) if (1, 19, 0) <= cilium < (1, 20, 1) else ()


def least_free_percent(plan: Plan, node: NodePlan) -> int:
    """Percent of a file system below which this node's kubelet evicts: its default, or what it is told."""
    told = merge_values(plan.kubelet, node.kubelet).get("evictionHard")
    if not isinstance(told, dict):
        return LEAST_FREE_PERCENT
    limits = [str(told.get(name, "")) for name in ("imagefs.available", "nodefs.available")]
    return max((int(float(limit[:-1])) for limit in limits if limit.endswith("%")), default=0)
