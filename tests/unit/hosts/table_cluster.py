"""Faults of the mesh and the cluster: topics mesh_guards, tailnet, kubelet, control_plane, cilium, converged."""

from __future__ import annotations

from typing import Any

from tests.unit.hosts.faults import WORKER, data, fault, mode, out, put, says, status, text, touch, unit
from tests.unit.hosts.green import BOOT, NOW

CONFIG = "/var/lib/kubelet/config.yaml"
CPS_OWN = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def own(**settings: Any) -> Any:
    """Another word of tailscaled on this machine."""
    return data("tailnet", lambda told: told["Self"].update(settings))


def peers(**settings: Any) -> Any:
    """Another word of tailscaled on every other machine."""
    return data("tailnet", lambda told: [peer.update(settings) for peer in told["Peer"].values()])


def agent(part: str, **settings: Any) -> Any:
    """Another word of Cilium's agent."""
    return data("cilium_agent", lambda told: told[part].update(settings))


MESH_GUARDS = (
    fault(
        "mesh_guards",
        "the mesh rule comes before tailscales own",
        data("rules", lambda told: told.pop(1)),
        "no rule to 100.64.0.0/10",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes before tailscales own",
        data("rules", lambda told: told[1].update(priority=5300)),
        "it is 5300, behind Tailscale's 5210",
    ),
    fault(
        "mesh_guards",
        "the mesh rule survives systemd networkd",
        data("rules", lambda told: told[1].update(protocol="boot")),
        "protocol boot",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes back at every boot",
        unit("meshstrap-mesh-rule", "UnitFileState", "disabled"),
        "disabled, active",
    ),
    fault(
        "mesh_guards",
        "the mesh rule comes back at every boot",
        unit("meshstrap-mesh-rule", "UnitFileState", ""),
        "not there, active",
    ),
    fault(
        "mesh_guards",
        "marked packets stay in the tailnet",
        data("marked_route", lambda told: told[0].update(dev="enp0s6")),
        "a packet to 100.64.0.9 leaves by enp0s6",
    ),
    fault(
        "mesh_guards",
        "tailscaled never talks to pod addresses",
        unit("tailscaled", "IPAddressDeny", ""),
        "tailscaled is denied nothing",
    ),
    fault(
        "mesh_guards",
        "tailscaled never talks to pod addresses",
        touch("/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf", NOW),
        "was changed after tailscaled was started",
    ),
    fault(
        "mesh_guards", "no peer is reached by a pod address", peers(CurAddr="10.244.3.70:41641"), "w1 by 10.244.3.70"
    ),
    fault(
        "mesh_guards",
        "source validation leaves the proxy alone",
        put("/proc/sys/net/ipv4/conf/all/src_valid_mark", "1\n"),
        "1",
    ),
)

TAILNET = (
    fault(
        "tailnet",
        "the node is logged in",
        data("tailnet", lambda told: told.update(BackendState="NeedsLogin")),
        "NeedsLogin",
    ),
    fault("tailnet", "the node is connected to the coordination server", own(Online=False), "not connected"),
    fault(
        "tailnet",
        "the coordination server is the planned one",
        out("tailnet_settings", "https://headscale.example.net", "https://controlplane.tailscale.com"),
        "controlplane",
    ),
    fault("tailnet", "the node has its own name in the tailnet", own(DNSName="cp1-1.tail1234.ts.net."), "cp1-1"),
    fault("tailnet", "the node carries the planned tags", own(Tags=["tag:other"]), "tag:other"),
    fault("tailnet", "the node carries the planned tags", own(Tags=None), "nothing"),
    fault(
        "tailnet",
        "the address is that of the first login",
        put("/var/lib/meshstrap/tailnet_address", "100.64.0.7\n"),
        "100.64.0.1 now, 100.64.0.7 at first",
    ),
    fault("tailnet", "the tailnets mtu is the planned one", out("addresses", '"mtu": 1280', '"mtu": 1420'), "1420"),
    fault(
        "tailnet",
        "the tailnet leaves name resolution alone",
        out("tailnet_settings", '"CorpDNS": false', '"CorpDNS": true'),
        "accept-dns is on",
    ),
    fault(
        "tailnet",
        "the tailnet leaves name resolution alone",
        put("/etc/resolv.conf", "nameserver 100.100.100.100\n"),
        "100.100.100.100 in /etc/resolv.conf",
    ),
    fault(
        "tailnet",
        "the tailnet brings no routes that are not planned",
        out("tailnet_settings", '"RouteAll": false', '"RouteAll": true'),
        "on",
    ),
    fault(
        "tailnet",
        "the node is not ephemeral",
        out("tailscaled", "/var/lib/tailscale/tailscaled.state", "mem:"),
        "in memory",
    ),
    fault(
        "tailnet",
        "the node is not ephemeral",
        mode("/var/lib/tailscale/tailscaled.state", bytes=0),
        "empty or not there",
    ),
    fault("tailnet", "the node key does not expire", own(KeyExpiry="2026-11-30T00:00:00Z"), "expires in 6.1 days"),
    fault("tailnet", "the node key does not expire", own(Expired=True), "expired"),
)

KUBELET = (
    fault(
        "kubelet",
        "the kubelet runs now and after a boot",
        unit("kubelet", "UnitFileState", "disabled"),
        "active, disabled",
    ),
    fault(
        "kubelet",
        "the kubelet starts after the tailnet",
        unit("kubelet", "Wants", "network-online.target"),
        "no Wants=tailscale-online.target",
    ),
    fault(
        "kubelet",
        "the kubelet is told the tailnet address",
        out("kubelet", "100.64.0.1", "10.0.0.11"),
        "--node-ip=10.0.0.11",
    ),
    fault(
        "kubelet",
        "the kubelet has the planned configuration",
        text(CONFIG, "maxPods: 60", "maxPods: 110"),
        "maxPods: 110",
        WORKER,
    ),
    fault(
        "kubelet",
        "the kubelet has the planned configuration",
        text(CONFIG, "memory: 256Mi", "memory: 1Gi"),
        "kubeReserved.memory: 1Gi",
    ),
    fault(
        "kubelet",
        "the kubelet has read its latest configuration",
        touch(CONFIG, NOW),
        f"{CONFIG} was changed after kubelet was started",
    ),
    fault(
        "kubelet",
        "the kubelet resolves names as the cloud does",
        text(CONFIG, "/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"),
        "/etc/resolv.conf names 127.0.0.53",
    ),
    fault(
        "kubelet",
        "the kubelet resolves names as the cloud does",
        put("/run/systemd/resolve/resolv.conf", "search example.net\n"),
        "names no server",
    ),
    fault(
        "kubelet",
        "the kubelets certificate lasts",
        says("kubelet_certificate", "notAfter=Nov 25 12:00:00 2026 GMT"),
        "1.6 days left",
    ),
    fault("kubelet", "the kubelet asks for credentials", says("kubelet_anonymous", "200"), "HTTP 200"),
    fault(
        "kubelet",
        "the kubelet asks for credentials",
        says("kubelet_anonymous", "000", 7),
        "nothing answers on port 10250",
    ),
    fault(
        "kubelet",
        "the cluster knows the node by its tailnet address",
        data("own_node", lambda told: told["status"]["addresses"][0].update(address="10.0.0.11")),
        "10.0.0.11",
    ),
    fault(
        "kubelet",
        "the node is ready",
        data("own_node", lambda told: told["status"]["conditions"][1].update(status="False", message="no CNI")),
        "Ready is False: no CNI",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["metadata"]["labels"].pop("disk")),
        "no label disk=fast",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["spec"].update(taints=[CPS_OWN])),
        "taints node-role.kubernetes.io/control-plane:NoSchedule",
    ),
    fault(
        "kubelet",
        "the node has the planned labels and taints",
        data("own_node", lambda told: told["spec"].update(taints=[CPS_OWN])),
        "taints node-role",
        WORKER,
    ),
    fault(
        "kubelet",
        "the apis name leads to the control plane",
        text("/etc/hosts", "100.64.0.1 k8s", "100.64.0.9 k8s"),
        "100.64.0.9",
        WORKER,
    ),
    fault(
        "kubelet",
        "the apis name leads to the control plane",
        text("/etc/hosts", "100.64.0.1 k8s", "# k8s"),
        "no line of /etc/hosts",
    ),
)

CONTROL_PLANE_FAULTS = (
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", 1),
        "[-]etcd failed",
    ),
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "The connection to the server was refused\n", 1),
        "was refused",
    ),
    fault(
        "control_plane", "the api server has the planned version", out("api_version", "v1.36.3", "v1.35.1"), "v1.35.1"
    ),
    fault(
        "control_plane", "etcd is healthy", says("etcd", '{"health":"false","reason":"ALARM NOSPACE"}'), "ALARM NOSPACE"
    ),
    fault(
        "control_plane",
        "certificates are good for a month",
        out("certificates", "Nov 10 12:00:00 2027", "Dec  9 12:00:00 2026"),
        "/etc/kubernetes/pki/apiserver.crt: 15.6 days left",
    ),
    fault(
        "control_plane",
        "anonymous callers see nothing",
        says("api_anonymous", "200"),
        "HTTP 200 for the Secrets of kube-system",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "127.0.0.1:2379", "0.0.0.0:2379"),
        "2379 (etcd's clients) on 0.0.0.0",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "*:6443", "*:10255"),
        "10255 (the kubelet without authentication) on *",
    ),
    fault(
        "control_plane",
        "the host firewall opens no port of the control plane",
        out("iptables", "-A INPUT -i lo", "-A INPUT -p tcp -m tcp --dport 6443 -j ACCEPT\n-A INPUT -i lo"),
        "--dport 6443",
    ),
    fault(
        "control_plane",
        "the host firewall opens no port of the control plane",
        out(
            "iptables",
            "-A INPUT -i lo",
            "-A INPUT -p tcp -m multiport --dports 22,10000:11000 -j ACCEPT\n-A INPUT -i lo",
        ),
        "10000:11000",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "disabled: true", "disabled: false"),
        "proxy.disabled is False, not True",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "10.244.0.0/16", "10.250.0.0/16"),
        "podSubnet is 10.250.0.0/16",
    ),
    fault("control_plane", "the ca is the pinned one", says("ca_hash", "cd" * 32), f"sha256:{'cd' * 32}"),
    fault(
        "control_plane",
        "every bootstrap token expires",
        says("tokens", "bootstrap-token-abcdef \n"),
        "bootstrap-token-abcdef",
    ),
    fault(
        "control_plane",
        "the login user alone has a kubeconfig",
        mode("/home/ubuntu/.kube/config", mode="0644"),
        "/home/ubuntu/.kube/config is ubuntu's, 0644",
    ),
)

CILIUM = (
    fault(
        "cilium", "the release has the planned version", out("cilium_release", "1.20.2", "1.19.0"), "1.19.0, deployed"
    ),
    fault(
        "cilium",
        "the release has the planned version",
        out("cilium_release", "deployed", "pending-upgrade"),
        "pending-upgrade",
    ),
    fault(
        "cilium",
        "the release has the planned values",
        data("cilium_release", lambda told: told["values"].update(MTU=9000, debug={"enabled": True})),
        "MTU: 9000; debug.enabled: true",
    ),
    fault(
        "cilium",
        "the agents are told the planned values",
        out("cilium_told", '"mtu": "1280"', '"mtu": "0"'),
        "mtu is 0, not 1280",
    ),
    fault("cilium", "the agent is well", agent("cilium", state="Warning", msg="stale"), "Warning: stale"),
    fault("cilium", "cilium replaces kube proxy", agent("kube-proxy-replacement", mode="False"), "False"),
    fault("cilium", "there is no kube proxy", says("kube_proxy", "4711\n"), "a process kube-proxy runs"),
    fault(
        "cilium", "there is no kube proxy", out("iptables", "*nat\n", "*nat\n:KUBE-SERVICES - [0:0]\n"), "KUBE-SERVICES"
    ),
    fault("cilium", "masquerading is as planned", agent("masquerading", mode="iptables"), "iptables"),
    fault(
        "cilium",
        "pods travel between nodes as planned",
        agent("routing", **{"inter-host-routing-mode": "Native"}),
        "Native",
    ),
    fault(
        "cilium",
        "cilium uses the network card and the tailnet",
        agent("kube-proxy-replacement", deviceList=[{"name": "tailscale0"}]),
        "tailscale0; not enp0s6",
    ),
    fault(
        "cilium",
        "pods have the planned mtu",
        says("pod_routes", "default via 10.244.0.63 dev eth0 mtu 8950\n"),
        "1230; 8950",
    ),
    fault("cilium", "a pod reaches its own kubelet", says("own_kubelet", "000\n000\n"), "no connection from any pod"),
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"].clear()),
        "denied are no ports",
    ),
    fault(
        "cilium",
        "pods cannot reach the metadata service",
        data("policies", lambda told: told["items"][0]["spec"]["egressDeny"][0].pop("toPorts")),
        "denied are [('', '')]",
    ),
)

CONVERGED = (
    fault(
        "converged",
        "the machine was given its own user data",
        status(node="w1", role="worker"),
        "node is w1, not cp1; role is worker, not control-plane",
    ),
    fault(
        "converged",
        "the steps are the planned ones",
        out("steps", "block_volume\n", ""),
        "swap_off kernel_modules kernel_sysctls host_firewall",
    ),
    fault(
        "converged",
        "the steps run at every boot",
        unit("meshstrap", "UnitFileState", "disabled"),
        "meshstrap.service is disabled",
    ),
    fault("converged", "the steps run at every boot", put("/proc/stat", f"btime {BOOT + 86000}\n"), "before the boot"),
    fault(
        "converged",
        "a check finds no drift",
        says("drift", "2026-11-23T20:40:01Z drift   containerd: would change: stale\n", 1),
        "containerd: would change: stale",
    ),
)

FAULTS = (*MESH_GUARDS, *TAILNET, *KUBELET, *CONTROL_PLANE_FAULTS, *CILIUM, *CONVERGED)
