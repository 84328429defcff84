"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import yaml

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.kubelet import kubelet_configuration
from tests.unit.hosts.faults import WORKER, Raw, fault, mode, out, put, says, text, touch, unit
from tests.unit.hosts.green import ADDRESSES, NOW

CONFIG = "/var/lib/kubelet/config.yaml"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    # As kubeadm writes it.
    own = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 110}
    kubeadms = {"clusterDNS": ["10.96.0.10"], "resolvConf": "/run/systemd/resolve/resolv.conf"}
    return {
        "modes": {CONFIG: {"mode": "0600", "owner": "root", "kind": "file", "bytes": 1000}},
        "texts": {
            CONFIG: yaml.safe_dump(own | kubeadms | kubelet_configuration() | dict(node.kubelet)),
            "/run/systemd/resolve/resolv.conf": "nameserver 169.254.169.254\n",
        },
        "commands": {
            "kubelet": f"/usr/bin/kubelet --config={CONFIG} --node-ip={ADDRESSES[node.name]}\n",
            "kubelet_anonymous": "401",
        },
    }


FAULTS = (
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
        "the kubelets configuration is roots alone",
        mode(CONFIG, mode="0644"),
        f"{CONFIG} is root's, 0644",
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
    fault("kubelet", "the kubelet asks for credentials", says("kubelet_anonymous", "200"), "HTTP 200"),
    fault(
        "kubelet",
        "the kubelet asks for credentials",
        says("kubelet_anonymous", "000", 7),
        "nothing answers on port 10250",
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
