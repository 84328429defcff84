#!/usr/bin/env bash
# homelab, by meshstrap; no secret in it.
readonly PLAN_HASH=…
readonly NODE_NAME=cp1
readonly NODE_ROLE=control-plane
readonly NODE_OS=ubuntu-24.04
readonly NODE_ARCH=arm64
readonly LOGIN_USER=ubuntu
readonly MINIMUM_CPUS=2
readonly MINIMUM_MEMORY_MIB=1700
readonly MINIMUM_DISK_GIB=20
readonly POD_SUBNET=10.244.0.0/16
readonly TAILNET_SUBNET=100.64.0.0/10
readonly ACCEPT_ROUTES=false
readonly LOGIN_SERVER=''
readonly API_ENDPOINT=k8s-api.internal
readonly API_PORT=6443
readonly CONTROL_PLANE=cp1
readonly KUBERNETES_VERSION=1.36.3
readonly CILIUM_VERSION=1.20.2
readonly CILIUM_CHART_URL=https://helm.cilium.io/cilium-1.20.2.tgz
readonly CILIUM_CHART_SHA256=b2afd87b7f75f875f92a14559f14f59b7babbb479d968e3fd625a20bf30ec20e
readonly CILIUM_AGENT_IMAGE=quay.io/cilium/cilium:v1.20.2
readonly CILIUM_OPERATOR_IMAGE=quay.io/cilium/operator-generic:v1.20.2
readonly SANDBOX_IMAGE=registry.k8s.io/pause:3.10.2
readonly HELM_VERSION=4.3.0
readonly HELM_URL=https://get.helm.sh/helm-v4.3.0-linux-arm64.tar.gz
readonly HELM_SHA256=31c5794dd55c66a51e6b7d2e2ac7a114ae8b1de41ff1d9ba51748ac973b06a08
readonly KERNEL_SYSCTLS=…
readonly FIREWALL_RULES=…
readonly CONTAINERD_CONFIG=…
readonly CRICTL_CONFIG=…
readonly MESH_RULE_UNIT=…
readonly TAILSCALED_DROP_IN=…
readonly KUBELET_DROP_IN=…
readonly KUBELET_PATCH=''
readonly KUBEADM_CONFIG=…
readonly AUDIT_POLICY=…
readonly ADMISSION=…
readonly ENCRYPTION=…
readonly CILIUM_VALUES=…
readonly CLUSTER_POLICIES=…
readonly STEPS=(machine_supported hostname swap_off kernel_modules kernel_sysctls host_firewall package_sources packages containerd mesh_guards tailnet kubelet control_plane bootstrap_tokens cilium cluster_policies kubeconfig node_ready)
readonly WAIVED_MACHINE_CHECKS=()
readonly KERNEL_MODULES=(overlay)
readonly NEEDED_MODULES=(tun vxlan xt_CT xt_comment xt_connmark xt_conntrack xt_mark)
readonly TAILNET_TAGS=(tag:k8s-node)
readonly PACKAGES=('kubelet=1.36.3-*' 'kubeadm=1.36.3-*' 'kubectl=1.36.3-*' 'cri-tools=1.36.0-*' 'kubernetes-cni=1.9.1-*' 'containerd.io=2.3.6-*' tailscale=1.102.5 ca-certificates conntrack curl ethtool gpg iproute2 iptables nftables socat)
readonly HELD_PACKAGES=(kubelet kubeadm kubectl cri-tools kubernetes-cni containerd.io tailscale)
readonly REPOSITORY_NAMES=(kubernetes containerd tailscale)
readonly REPOSITORY_FILES=('Types: deb
URIs: https://pkgs.k8s.io/core:/stable:/v1.36/deb/
Suites: /
Architectures: arm64
Signed-By: /etc/apt/keyrings/meshstrap-kubernetes.asc' 'Types: deb
URIs: https://download.docker.com/linux/ubuntu
Suites: noble
Components: stable
Architectures: arm64
Signed-By: /etc/apt/keyrings/meshstrap-containerd.asc' 'Types: deb
URIs: https://pkgs.tailscale.com/stable/ubuntu
Suites: noble
Components: main
Architectures: arm64
Signed-By: /etc/apt/keyrings/meshstrap-tailscale.asc')
readonly REPOSITORY_KEY_URLS=(https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key https://download.docker.com/linux/ubuntu/gpg https://pkgs.tailscale.com/stable/ubuntu/noble.noarmor.gpg)
readonly REPOSITORY_KEY_FINGERPRINTS=(DE15B14486CD377B9E876E1A234654DA9A296436 9DC858229FC7DD38854AE2D88D81803C0EBFCD88 2596A99EAAB33821893C0A79458CA832957F5868)
