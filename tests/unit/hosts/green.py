"""What two hosts answer on which everything is as planned: a control plane on Ubuntu, a worker on Oracle Linux.

The forms are those of the real programs: systemd 255, iproute2 6.1, iptables 1.8.10, containerd 2.3, Tailscale 1.102,
Kubernetes 1.36 and Cilium 1.20, as a machine of the node lab and a cluster have printed them (November 2026).
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from meshstrap.inventory import parse_inventory
from meshstrap.plan import NodePlan, Plan, derive_plan
from meshstrap.verify.answers import Answers
from meshstrap.verify.arrival import Arrival, arrive
from meshstrap.verify.question import Asked
from meshstrap.verify.questions import questions
from tests.shell.firewall_rules import RULES_V4
from tests.unit.hosts import green_cluster
from tests.unit.hosts.of_steps import answers

CA = """\
-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUExampleExampleExampleExampleExampleExampleExampleExampl1
MADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEuPEXAMPLExMADEu2
-----END CERTIFICATE-----
"""
HASH = "ab" * 32
INVENTORY = f"""
cluster: {{name: home, ca_cert_hash: 'sha256:{HASH}'}}
tailnet: {{login_server: 'https://headscale.example.net', version: 1.102.5}}
cilium: {{values: {{l7Proxy: true}}}}
accounts: [{{name: a}}, {{name: b}}]
nodes:
  - name: cp1
    account: a
    role: control-plane
    labels: {{disk: fast}}
    taints: []
    block_volume: {{device: /dev/oracleoci/oraclevdb, size_gib: 100, format: true}}
  - {{name: w1, account: b, role: worker, os: oracle-9, kubelet: {{maxPods: 60}}}}
sources:
  registries: {{registry.k8s.io: 'https://mirror.example.net/k8s'}}
  trusted_ca: |
{"".join(f"    {line}{chr(10)}" for line in CA.splitlines())}"""

ADDRESSES = {"cp1": "100.64.0.1", "w1": "100.64.0.2"}
NOW = 1795466400  # 2026-11-23 20:40:00 UTC
BOOT = NOW - 86400
STARTED = "Mon 2026-11-23 19:40:00 UTC"
CHANGED = float(NOW - 7200)
GIB = 2**30


@cache
def plan() -> Plan:
    """The plan of both."""
    return derive_plan(parse_inventory(INVENTORY, "green.yaml"))


def arrival(name: str, raw: dict[str, Any]) -> Arrival:
    """A host of that name which has given these answers."""
    return arrive(plan(), name, lambda: Answers(raw, _questions().commands), whole=True)


@cache
def _questions() -> Asked:
    return questions(plan(), whole=True)


def green(name: str) -> dict[str, Any]:
    """All answers of a node; a copy, to be spoilt."""
    made = plan()
    node = made.node(name)
    texts = {**_texts(node), **(_ubuntu_texts() if node.family == "apt" else _oracle_texts(node))}
    said = {
        **_machine(node),
        **_software(made, node),
        **_tailnet(node),
        **green_cluster.answers(made, node),
        **answers(),
    }
    return copy.deepcopy(
        {
            "texts": {path: {"text": text, "changed": CHANGED} for path, text in texts.items()},
            "modes": _modes(node),
            "places": _places(node),
            "commands": {one: told if isinstance(told, dict) else _said(told) for one, told in said.items()},
        }
    )


def _said(out: str, code: int = 0, err: str = "") -> dict[str, Any]:
    return {"code": code, "out": out, "err": err}


ABSENT = _said("", 127, "command not found")


def _status(node: NodePlan) -> str:
    steps = [{"seconds": 0, "name": name, "state": "ok", "started": "2026-11-23T19:40:00Z"} for name in node.steps]
    told = {"schema": 1, "tries": 1, "node": node.name, "role": node.role, "plan_hash": "ab" * 32, "state": "converged"}
    times = {"started": "2026-11-23T19:40:00Z", "updated": "2026-11-23T19:41:00Z", "facts": {}, "steps": steps}
    return json.dumps(told | {"step": "-", "message": "this node is as planned", "next": ""} | times)


def _texts(node: NodePlan) -> dict[str, str]:
    sysctls = {
        "net/ipv4/ip_forward": "1",
        "net/bridge/bridge-nf-call-iptables": "1",
        "net/bridge/bridge-nf-call-ip6tables": "1",
        "net/ipv4/conf/all/rp_filter": "0",
        "net/ipv4/conf/default/rp_filter": "0",
        "net/ipv4/conf/all/src_valid_mark": "0",
        "fs/inotify/max_user_instances": "8192",
        "fs/inotify/max_user_watches": "1048576",
    }
    return {
        "/etc/hostname": f"{node.name}\n",
        "/etc/hosts": f"100.64.0.1 k8s-api.internal # meshstrap: API\n127.0.0.1 localhost\n127.0.1.1 {node.name}\n",
        "/etc/modules-load.d/meshstrap.conf": "overlay\nbr_netfilter\n",
        "/etc/resolv.conf": "nameserver 127.0.0.53\n",
        "/run/systemd/resolve/resolv.conf": "nameserver 169.254.169.254\n",
        "/etc/containerd/config.toml": "version = 3\n",
        "/etc/containerd/certs.d/registry.k8s.io/hosts.toml": 'server = "https://mirror.example.net/k8s"\n'
        '[host."https://mirror.example.net/k8s"]\n',
        "/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf": "[Service]\nIPAddressDeny=10.244.0.0/16\n",
        "/var/lib/kubelet/config.yaml": green_cluster.kubelet_configuration(node),
        "/proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
        "/proc/meminfo": "MemTotal:       12345678 kB\nMemFree:         9876543 kB\n",
        "/proc/stat": f"cpu  1 2 3\nbtime {BOOT}\n",
        "/sys/class/dmi/id/chassis_asset_tag": "OracleCloud.com\n",
        "/var/lib/meshstrap/status.json": _status(node),
        "/var/lib/meshstrap/tailnet_address": f"{ADDRESSES[node.name]}\n",
        **{f"/proc/sys/{name}": f"{value}\n" for name, value in sysctls.items()},
    }


def _ubuntu_texts() -> dict[str, str]:
    base = "http://ports.ubuntu.com/ubuntu-ports noble main"
    return {
        "/etc/os-release": 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\n',
        "/etc/fstab": "LABEL=cloudimg-rootfs / ext4 discard 0 1\n# /swap none swap sw 0 0\n"
        "UUID=25f4-26dc /var/lib/meshstrap-data ext4 noatime,x-systemd.device-timeout=60s,nofail,_netdev,x-meshstrap "
        "0 2\n",
        "/etc/iptables/rules.v4": RULES_V4.replace("-A INPUT -j REJECT", f"{_OUR_INPUT}-A INPUT -j REJECT").replace(
            "-A FORWARD -j REJECT", f"{_OUR_FORWARD}-A FORWARD -j REJECT"
        ),
        "/etc/ufw/ufw.conf": "ENABLED=no\n",
        "/etc/apt/sources.list": f"# the image's\ndeb {base}\n",
        "/etc/apt/sources.list.d/meshstrap-kubernetes.sources": "Types: deb\n"
        "URIs: https://pkgs.k8s.io/core:/stable:/v1.36/deb/\nSuites: /\nArchitectures: arm64\n"
        "Signed-By: /etc/apt/keyrings/meshstrap-kubernetes.asc\n",
        "/etc/apt/sources.list.d/docker.list": "deb [arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] "
        "https://download.docker.com/linux/ubuntu noble stable\n",
        "/etc/apt/sources.list.d/meshstrap-tailscale.sources": "Types: deb\n"
        "URIs: https://pkgs.tailscale.com/stable/ubuntu\nSuites: noble\nComponents: main\n"
        "Signed-By: /etc/apt/keyrings/meshstrap-tailscale.asc\n",
    }


_OUR_INPUT = (
    "-A INPUT -i tailscale0 -j ACCEPT\n-A INPUT -p udp -m udp --dport 41641 -j ACCEPT\n"
    "-A INPUT -s 10.244.0.0/16 -j ACCEPT\n"
)
_OUR_FORWARD = "-A FORWARD -s 10.244.0.0/16 -j ACCEPT\n-A FORWARD -d 10.244.0.0/16 -j ACCEPT\n"
_DIRECT = (
    '<rule ipv="ipv4" table="filter" chain="BareMetalInstanceServices" priority="{}">-d 169.254.0.{}/32 -p tcp '
    "-m owner "
    "--uid-owner 0 -m tcp --dport 3260 -j ACCEPT</rule>\n"
)


def _oracle_texts(node: NodePlan) -> dict[str, str]:
    repositories = {
        f"/etc/yum.repos.d/meshstrap-{one.name}.repo": f"[meshstrap-{one.name}]\nbaseurl={one.url}\nenabled=1\n"
        f"gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/meshstrap-{one.name}.asc\nexcludepkgs={','.join(one.packages)}\n"
        for one in node.repositories
    }
    return repositories | {
        "/etc/os-release": 'NAME="Oracle Linux Server"\nID="ol"\nVERSION_ID="9.6"\n',
        "/etc/fstab": "/dev/mapper/ocivolume-root / xfs defaults 0 0\n",
        "/etc/selinux/config": "# comment\nSELINUX=permissive\nSELINUXTYPE=targeted\n",
        "/etc/oci-hostname.conf": "PRESERVE_HOSTINFO=2\n",
        "/etc/firewalld/direct.xml": _DIRECT.format(0, 2) + _DIRECT.format(1, 3),
    }


def _modes(node: NodePlan) -> dict[str, dict[str, Any]]:
    private = {"mode": "0600", "owner": "root", "kind": "file", "bytes": 1000}
    files = [
        "/var/lib/cloud/instances/i/user-data.txt",
        "/var/lib/tailscale/tailscaled.state",
        "/etc/kubernetes/kubelet.conf",
    ]
    found = dict.fromkeys(files, private)
    found["/etc/meshstrap/secrets"] = {"mode": "0700", "owner": "root", "kind": "folder", "bytes": 0}
    found["/sys/module/overlay"] = {"mode": "0755", "owner": "root", "kind": "folder", "bytes": 0}
    if node.is_control_plane:
        found["/etc/kubernetes/pki/ca.key"] = private
        found["/home/ubuntu/.kube/config"] = private | {"owner": "ubuntu"}
    return found


def _places(node: NodePlan) -> dict[str, dict[str, Any]]:
    root = {"device": "8:1", "bytes": 48 * GIB, "free": 30 * GIB, "inodes": 1000, "free_inodes": 900}
    volume = root | {"device": "8:16", "bytes": 100 * GIB, "free": 80 * GIB}
    users = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
    found = {"/": root, **dict.fromkeys(users, volume if node.block_volume else root)}
    if node.block_volume:
        found |= {"/var/lib/meshstrap-data": volume, node.block_volume.device: volume}
    return found


def _unit(name: str, **settings: str) -> str:
    told = {
        "MainPID": "1000",
        "Id": f"{name}.service",
        "LoadState": "loaded",
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "ActiveEnterTimestamp": STARTED,
        "NeedDaemonReload": "no",
    }
    return "".join(f"{key}={value}\n" for key, value in (told | settings).items())


def _machine(node: NodePlan) -> dict[str, Any]:
    is_apt = node.family == "apt"
    mounts = "/var/lib/containerd /var/lib/kubelet /var/log/pods /var/lib/meshstrap-data"
    tailnet = {
        "After": "basic.target tailscale-online.target",
        "Wants": "tailscale-online.target network-online.target",
    }
    units = [
        _unit("containerd", RequiresMountsFor=mounts),
        _unit("kubelet", RequiresMountsFor=mounts, **tailnet),
        _unit("meshstrap"),
        _unit("meshstrap-mesh-rule"),
        _unit("tailscaled", IPAddressDeny="10.244.0.0/16"),
        _unit("firewalld", LoadState="not-found" if is_apt else "loaded"),
    ]
    rules = [
        {"priority": 0, "src": "all", "table": "local"},
        {"priority": 5207, "src": "all", "dst": "100.64.0.0", "dstlen": 10, "table": "52", "protocol": "kernel"},
        {"priority": 5210, "src": "all", "fwmark": "0x80000", "fwmask": "0xff0000", "table": "main"},
        {"priority": 5270, "src": "all", "table": "52"},
    ]
    routes = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "enp0s6", "metric": 100},
        {"dst": "10.244.1.0/24", "gateway": "10.244.0.63", "dev": "cilium_host", "metrics": [{"mtu": 1230}]},
        {"dst": "100.64.0.9", "dev": "tailscale0", "table": "52"},
    ]
    address = {"family": "inet", "local": ADDRESSES[node.name], "prefixlen": 32}
    addresses = [{"ifname": "enp0s6", "mtu": 9000}, {"ifname": "tailscale0", "mtu": 1280, "addr_info": [address]}]
    trusted = "trusted (active)\n  target: ACCEPT\n  interfaces: tailscale0\n  sources: 10.244.0.0/16\n"
    return {
        "hostname": f"{node.name}\n",
        "kernel": "6.8.0-1020-oracle aarch64\n",
        "cpus": "2\n",
        "now": f"{NOW}\n",
        "clock": "yes\n",
        "cgroup": "cgroup2fs\n",
        "swap_units": "dev-zram0.swap masked enabled\nbasic.target static -\n",
        "modules": "builtin overlay\ninsmod /lib/modules/6.8/llc.ko\nbuiltin br_netfilter\n",
        "sysctl_files": "# /etc/sysctl.d/99-sysctl.conf\nnet.ipv4.conf.*.rp_filter = 1\n\n"
        "# /etc/sysctl.d/99-zz-meshstrap.conf\n"
        "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n"
        "-net/ipv4/conf/all/rp_filter = 0\nnet.ipv4.conf.default.rp_filter = 0\nfs.inotify.max_user_instances = 8192\n"
        "fs.inotify.max_user_watches = 1048576\n",
        "selinux": ABSENT if is_apt else "Permissive\n",
        "units": "\n".join(units),
        "addresses": json.dumps(addresses),
        "rules": json.dumps(rules),
        "routes": json.dumps(routes),
        "marked_route": json.dumps([{"dst": "100.64.0.9", "dev": "tailscale0", "table": "52"}]),
        "iptables": _iptables(node),
        "firewalld": _said("", 3) if is_apt else f"== running\n{trusted}41641/udp\n== permanent\n{trusted}41641/udp\n",
        "listeners": "LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\nLISTEN 0 4096 *:6443 *:*\n"
        "LISTEN 0 4096 127.0.0.1:2379 0.0.0.0:*\n"
        "LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:*\nLISTEN 0 4096 100.64.0.1:2379 0.0.0.0:*\n"
        "LISTEN 0 4096 [::1]:10257 [::]:*\n",
    }


def _iptables(node: NodePlan) -> str:
    if node.family == "apt":
        # As iptables-save prints it: other quotes in comments, modules named.
        text = _ubuntu_texts()["/etc/iptables/rules.v4"]
        text = text.replace("-p udp --sport 123", "-p udp -m udp --sport 123").replace("\\$HOME", "$HOME")
        return text + "*nat\n:CILIUM_PRE_nat - [0:0]\n:ts-postrouting - [0:0]\nCOMMIT\n"
    owner = "-p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT"
    services = "".join(f"-A BareMetalInstanceServices -d 169.254.0.{number}/32 {owner}\n" for number in (2, 3))
    jump = "-A OUTPUT -d 169.254.0.0/16 -j BareMetalInstanceServices\n"
    chains = "".join(f":{chain} [0:0]\n" for chain in ("INPUT ACCEPT", "OUTPUT ACCEPT", "BareMetalInstanceServices -"))
    return f"*filter\n{chains}{jump}{services}COMMIT\n"


def _software(made: Plan, node: NodePlan) -> dict[str, Any]:
    is_apt = node.family == "apt"
    versions = {one.name: one.version.replace("-*", "-1.1") or "1:9.9-1" for one in node.packages}
    held = {one.name for one in node.packages if one.held}
    state = {name: f"{'hold' if name in held else 'install'} ok installed" for name in versions}
    dpkg = "".join(f"{name}\t{version}\t{state[name]}\n" for name, version in versions.items())
    rpm = "".join(f"{name}\t{version}\n" for name, version in versions.items())
    folder = "/etc/apt/keyrings" if is_apt else "/etc/pki/rpm-gpg"
    keys = ""
    for one in node.repositories:
        name = "docker" if is_apt and one.name == "containerd" else f"meshstrap-{one.name}"
        keys += f"== {folder}/{name}.asc\npub:-:4096:1:AB:1:2::-:::scSC::::::23::0:\n"
        keys += f"fpr:::::::::{one.key_fingerprints[0]}:\n"
        keys += "sub:-:4096:1:CD:1:2:::::s::::::23:\nfpr:::::::::0123456789ABCDEF0123456789ABCDEF01234567:\n"
    config = f"""
version = 3
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = 'registry.k8s.io/pause:{made.versions.pause}'
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = true
"""
    ready = {"type": "RuntimeReady", "status": True, "reason": "", "message": ""}
    network = {"type": "NetworkReady", "status": False, "reason": "NetworkPluginNotReady", "message": ""}
    return {
        "dpkg": dpkg if is_apt else ABSENT,
        "rpm": ABSENT if is_apt else rpm,
        "dpkg_audit": "" if is_apt else ABSENT,
        "keys": keys,
        "programs": "containerd /usr/bin/containerd\ntailscaled /usr/sbin/tailscaled\nkubelet /usr/bin/kubelet\n",
        "trusted_ca": "1\n",
        "containerd": config,
        "cri": json.dumps({"status": {"conditions": [ready, network]}}),
        "drift": "".join(f"2026-11-23T20:40:01Z ok      {name}: converged\n" for name in node.steps),
        "steps": "\n".join(node.steps) + "\n",
        "secrets_in_logs": "",
        "secrets_in_processes": "",
        "secrets_in_files": "",
        "probe /dev/oracleoci/oraclevdb": "DEVNAME=/dev/sdb\nLABEL=meshstrap\nUUID=25f4-26dc\nTYPE=ext4\n",
        "size /dev/oracleoci/oraclevdb": f"{100 * GIB}\n",
    }


def _tailnet(node: NodePlan) -> dict[str, Any]:
    def machine(name: str, address: str) -> dict[str, Any]:
        return {
            "HostName": name,
            "DNSName": f"{name}.tail1234.ts.net.",
            "TailscaleIPs": [address, "fd7a:115c:a1e0::1"],
            "Tags": ["tag:k8s-node"],
            "CurAddr": "203.0.113.9:41641",
            "Online": True,
        }

    peers = {f"nodekey:{name}": machine(name, address) for name, address in ADDRESSES.items() if name != node.name}
    itself = machine(node.name, ADDRESSES[node.name]) | {"CurAddr": ""}
    told = {"Version": "1.102.5", "BackendState": "Running", "Health": [], "Self": itself, "Peer": peers}
    prefs = {"ControlURL": "https://headscale.example.net", "CorpDNS": False, "RouteAll": False, "Hostname": node.name}
    return {
        "tailnet": json.dumps(told),
        "tailnet_settings": json.dumps(prefs),
        "tailscaled": "/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --port=41641\n",
    }
