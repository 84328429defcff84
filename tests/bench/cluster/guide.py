"""The guide's way: its own commands, in its order, typed by a script without pauses.

What differs from the guide is what this lab forces upon meshstrap's nodes as well: the mirrors, the private CA, one
kubelet setting and one waived preflight check for cgroup v1, and the same Helm values, since the lab has no Envoy.
"""

from __future__ import annotations

import shlex
from typing import Any

import yaml

from meshstrap.pipeline import load_plan
from meshstrap.rendering.documents import render_registry
from tests.cluster.cluster import Cluster
from tests.cluster.coordination import URL
from tests.cluster.supplies import WEB
from tests.lab.vendors import KUBERNETES

TOKEN = "bench0.0123456789abcdef"

_COMMON = """\
#!/bin/bash
set -eux
export DEBIAN_FRONTEND=noninteractive HOME=/root
hostnamectl set-hostname {name}
swapoff -a
printf 'overlay\\nbr_netfilter\\n' >/etc/modules-load.d/k8s.conf
modprobe -a overlay br_netfilter || true  # the lab's kernel has them built in
printf '%s = 1\\n' net.bridge.bridge-nf-call-iptables net.ipv4.ip_forward >/etc/sysctl.d/k8s.conf
sysctl --system || true
printf '%s' {trusted_ca} >/usr/local/share/ca-certificates/lab.crt
update-ca-certificates
apt-get update
apt-get install -y ca-certificates curl gpg
mkdir -p /etc/apt/keyrings
curl -fsSL {web}/kubernetes/key.asc -o /etc/apt/keyrings/mirror.asc
echo 'deb [signed-by=/etc/apt/keyrings/mirror.asc] {web}/kubernetes/ /' >/etc/apt/sources.list.d/kubernetes.list
echo 'deb [signed-by=/etc/apt/keyrings/mirror.asc] {web}/containerd lab stable' >/etc/apt/sources.list.d/docker.list
echo 'deb [signed-by=/etc/apt/keyrings/mirror.asc] {web}/tailscale lab main' >/etc/apt/sources.list.d/tailscale.list
apt-get update
apt-get install -y tailscale
tailscale up --login-server={login_server} --auth-key={key} --hostname={name} --accept-dns=false
apt-get install -y containerd.io
containerd config default | sed 's/SystemdCgroup = false/SystemdCgroup = true/' >/root/config.toml
# Mirrors and what a container's root may not do: the lab's, not the guide's.
sed -e "s|^imports = .*|imports = ['/etc/containerd/conf.d/*.toml']|" \\
  -e "s|config_path = .*|config_path = '/etc/containerd/certs.d'|" /root/config.toml >/etc/containerd/config.toml
{mirrors}
systemctl restart containerd
systemctl enable containerd
apt-get install -y kubelet kubeadm kubectl
apt-mark hold kubelet kubeadm kubectl
address=$(tailscale ip -4)
echo "KUBELET_EXTRA_ARGS=--node-ip=$address" >/etc/default/kubelet
systemctl enable kubelet
"""

_CONTROL_PLANE = """\
sed "s/__ADDRESS__/$address/" >/root/kubeadm.yaml <<'YAML'
{kubeadm}
YAML
kubeadm init --config /root/kubeadm.yaml --skip-phases=addon/kube-proxy --ignore-preflight-errors=SystemVerification
mkdir -p /root/.kube
cp /etc/kubernetes/admin.conf /root/.kube/config
curl -fsSL {web}/{helm} | tar -xz -C /usr/local/bin --strip-components=1
cat >/root/values.yaml <<'YAML'
{values}
YAML
helm install cilium {web}/{chart} --namespace kube-system --values /root/values.yaml \\
  --set k8sServiceHost="$address" --set k8sServicePort=6443
"""

_WORKER = """\
until server=$(tailscale status | awk '$2 == "cp1" {{ print $1; f = 1 }} END {{ exit !f }}'); do sleep 1; done
until curl -sfk --max-time 5 "https://$server:6443/livez"; do sleep 1; done
kubeadm join "$server:6443" --token {token} --discovery-token-unsafe-skip-ca-verification \\
  --ignore-preflight-errors=SystemVerification
"""


class GuideCluster(Cluster):
    """A cluster whose nodes get, as user-data, what the guide's reader types: cloud-init runs it when it is up."""

    def user_data(self, name: str) -> str:
        """Everything that is typed on one node."""
        plan, supplies = load_plan(self.inventory), self.supplies
        words = {
            "name": name,
            "web": WEB,
            "login_server": URL,
            "key": self.headscale.mint_key(),
            "trusted_ca": shlex.quote(self.headscale.trusted_ca),
            "mirrors": "\n".join(
                f"mkdir -p /etc/containerd/certs.d/{mirror.registry}\n"
                f"cat >/etc/containerd/certs.d/{mirror.registry}/hosts.toml <<'TOML'\n{render_registry(mirror)}TOML"
                for mirror in plan.registry_mirrors
            ),
            "helm": supplies.helm,
            "chart": supplies.chart,
            "values": yaml.safe_dump(dict(plan.cilium_values)).strip(),
            "kubeadm": self._kubeadm(),
            "token": TOKEN,
        }
        parts = (_COMMON, _CONTROL_PLANE if name == "cp1" else _WORKER)
        return self.lab.encode("".join(part.format(**words) for part in parts))

    def _kubeadm(self) -> str:
        written: dict[str, Any] = yaml.safe_load(self.inventory.read_text())["cluster"]
        kubelet = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **written["kubelet"]}
        api = {"apiVersion": "kubeadm.k8s.io/v1beta4"}
        node: dict[str, Any] = {**api, "kind": "InitConfiguration", "bootstrapTokens": [{"token": TOKEN}]}
        node["localAPIEndpoint"] = {"advertiseAddress": "__ADDRESS__"}
        cluster: dict[str, Any] = {**api, "kind": "ClusterConfiguration", "kubernetesVersion": f"v{KUBERNETES}"}
        cluster["networking"] = {"podSubnet": "10.244.0.0/16"}
        return yaml.safe_dump_all([node, cluster, kubelet]).strip()
