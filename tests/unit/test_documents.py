"""Every other document, read back the way its reader does."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import Any

import pytest
import yaml

from meshstrap.plan import Plan, RegistryMirror
from meshstrap.rendering import render_documents
from meshstrap.rendering.documents import render_registry, render_repository, render_unit
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan

OTHER_SUBNETS = """
cluster: {name: lab, pod_subnet: 172.20.0.0/16, service_subnet: 172.21.0.0/16}
cilium: {hubble: true, values: {operator: {replicas: 2}, extraConfig: {a: "yes"}}}
accounts: [{name: a}]
nodes: [{name: cp1, account: a, role: control-plane}]
"""


def document(variable: str, plan: Plan | None = None, node: str = "cp1") -> str:
    plan = plan or example_plan()
    return next(found.text for found in render_documents(plan, plan.node(node)) if found.variable == variable)


def unit(text: str) -> dict[str, list[tuple[str, str]]]:
    """Sections of a systemd unit with their settings, in order."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            sections[list(sections)[-1]].append((key, value))
    return sections


def test_every_node_has_the_documents_of_its_role() -> None:
    common = {
        *("sysctl.conf", "firewall.rules", "containerd.toml", "crictl.yaml", "kubeadm.yaml"),
        *("meshstrap-mesh-rule.service", "tailscaled.conf", "kubelet.conf"),
    }
    for system in SYSTEMS:
        plan = system_plan(system)
        names = {node.name: {found.name for found in render_documents(plan, node)} for node in plan.nodes}
        own = {"admission.yaml", "audit.yaml", "encryption.yaml", "cilium-values.yaml", "cluster-policies.yaml"}
        assert names == {"cp1": common | own, "w1": common}


def test_documents_end_with_one_newline() -> None:
    for node in example_plan().nodes:
        assert all(re.search(r"[^\n]\n\Z", found.text) for found in render_documents(example_plan(), node))


def test_containerd() -> None:
    config = tomllib.loads(document("CONTAINERD_CONFIG"))
    images = config["plugins"]["io.containerd.cri.v1.images"]
    assert config["version"] == 3
    assert config["imports"] == ["/etc/containerd/conf.d/*.toml"]
    assert images["pinned_images"]["sandbox"] == "registry.k8s.io/pause:3.10.2"
    assert images["registry"]["config_path"] == "/etc/containerd/certs.d"
    # The rest is containerd's own: tests/lab/test_steps.py asks the real one.
    assert config["plugins"]["io.containerd.cri.v1.runtime"] == {
        "containerd": {"runtimes": {"runc": {"options": {"SystemdCgroup": True}}}}
    }
    assert "disabled_plugins" not in config


def test_crictl_asks_containerd() -> None:
    config = yaml.safe_load(document("CRICTL_CONFIG"))
    assert config["runtime-endpoint"] == config["image-endpoint"] == "unix:///run/containerd/containerd.sock"


def test_sysctls() -> None:
    settings = dict(
        line.split(" = ") for line in document("KERNEL_SYSCTLS").splitlines() if line and not line.startswith("#")
    )
    assert settings["net.ipv4.ip_forward"] == "1"
    assert settings["net.ipv4.conf.all.rp_filter"] == settings["net.ipv4.conf.default.rp_filter"] == "0"


def values(plan: Plan | None = None) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(document("CILIUM_VALUES", plan))
    return loaded


def test_cilium() -> None:
    ours = values()
    assert (ours["k8sServiceHost"], ours["k8sServicePort"]) == ("k8s-api.internal", 6443)
    assert ours["kubeProxyReplacement"] is True
    assert (ours["routingMode"], ours["tunnelProtocol"], ours["MTU"]) == ("tunnel", "vxlan", 1280)
    assert ours["ipam"] == {"mode": "kubernetes"}
    assert ours["bpf"] == {"masquerade": True}
    assert ours["l7Proxy"] is False
    assert ours["envoy"] == {"enabled": False}
    assert ours["operator"]["replicas"] == 1
    assert ours["hubble"] == {"enabled": False}
    assert "devices" not in ours


def test_ciliums_values_of_a_person_go_over_ours() -> None:
    theirs = values(plan_of(OTHER_SUBNETS))
    assert theirs["operator"] == {"replicas": 2, "rollOutPods": True}
    assert theirs["extraConfig"] == {"a": "yes"}
    assert theirs["hubble"] == {"enabled": True, "relay": {"enabled": True}, "ui": {"enabled": True}, "tls": RENEWED}


RENEWED = {"auto": {"method": "cronJob"}}


@pytest.mark.parametrize(
    ("given", "tls"),
    [
        ("{hubble: true}", RENEWED),
        ("{values: {hubble: {enabled: true}}}", RENEWED),
        ("{hubble: true, values: {hubble: {tls: {auto: {method: helm}}}}}", {"auto": {"method": "helm"}}),
        ("{hubble: true, values: {hubble: {tls: {enabled: false}}}}", RENEWED | {"enabled": False}),
        ("{values: {hubble: {metrics: {serviceMonitor: {enabled: true}}}}}", None),
    ],
)
def test_hubbles_certificates_are_renewed_in_the_cluster_unless_a_person_has_another_way(
    given: str, tls: dict[str, Any] | None
) -> None:
    inventory = re.sub(r"^cilium: .*$", f"cilium: {given}", OTHER_SUBNETS, flags=re.MULTILINE)
    assert values(plan_of(inventory))["hubble"].get("tls") == tls


def test_pods_lose_the_metadata_service_the_volumes_and_the_tailnet() -> None:
    policy = yaml.safe_load(document("CLUSTER_POLICIES"))
    assert policy["kind"] == "CiliumClusterwideNetworkPolicy"
    spec = policy["spec"]
    assert spec["endpointSelector"] == {}
    assert spec["enableDefaultDeny"] == {"ingress": False, "egress": False}
    metadata, all_of_it = spec["egressDeny"]
    # Port 80 alone: the same address answers DNS and time.
    assert metadata == {
        "toCIDR": ["169.254.169.254/32"],
        "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}],
    }
    volumes = ["169.254.0.2/32", "169.254.2.0/24", "169.254.4.0/24", "169.254.5.0/24"]
    assert all_of_it["toCIDR"] == [*volumes, "100.64.0.0/10"]
    opened = yaml.safe_load(document("CLUSTER_POLICIES", replace(example_plan(), pods_reach_tailnet=True)))
    assert opened["spec"]["egressDeny"][1]["toCIDR"] == volumes


def test_the_mesh_rule_comes_before_tailscales() -> None:
    text = document("MESH_RULE_UNIT")
    sections = unit(text)
    rule, *_ = (value for key, value in sections["Service"] if key == "ExecStartPre")
    assert rule.endswith('; f 5207 to 100.64.0.0/10 lookup 52"')
    assert ("Before", "tailscaled.service kubelet.service") in sections["Unit"]
    assert sections["Install"] == [("WantedBy", "multi-user.target")]


def test_ciliums_tunnel_is_there_before_its_agent_where_there_is_one() -> None:
    tunnel = ("ExecStartPre", "-ip link add cilium_vxlan type vxlan external dstport 8472")
    assert tunnel in unit(document("MESH_RULE_UNIT"))["Service"]
    assert tunnel not in unit(document("MESH_RULE_UNIT", replace(example_plan(), routing="tailnet")))["Service"]


def test_the_ports_of_the_mesh_are_closed_but_for_its_own_devices() -> None:
    sections = unit(document("MESH_RULE_UNIT"))
    *_, table, _ = (value for key, value in sections["Service"] if key == "ExecStartPre")
    # To the letter: what it does is shown on real nodes, and by the verification.
    assert table == (
        'nft "add table inet meshstrap; delete table inet meshstrap; table inet meshstrap { chain input { '
        "type filter hook input priority -150; iifname lo accept; iifname tailscale0 accept; "
        "iifname lxc* accept; iifname cilium_* accept; "
        'tcp dport { 2379,2380,2381,4240,4244,6443,10250,10257,10259 } drop; udp dport { 8472 } drop; }; }"'
    )


def test_tailscaled_never_talks_to_pods() -> None:
    assert ("IPAddressDeny", "10.244.0.0/16") in unit(document("TAILSCALED_DROP_IN"))["Service"]
    assert ("IPAddressDeny", "172.20.0.0/16") in unit(document("TAILSCALED_DROP_IN", plan_of(OTHER_SUBNETS)))["Service"]


def test_the_kubelet_waits_for_the_tailnet_and_not_for_ever() -> None:
    sections = unit(document("KUBELET_DROP_IN"))
    assert {"tailscale-online.target", "meshstrap-mesh-rule.service"} <= set(dict(sections["Unit"])["After"].split())
    assert ("ExecStartPre", "/usr/bin/tailscale wait --timeout=60s") in sections["Service"]


def test_the_kubelet_starts_without_the_empty_certificate_that_a_power_cut_leaves() -> None:
    clears = ("ExecStartPre", "-/usr/bin/find /var/lib/kubelet/pki -type f -empty -delete")
    assert unit(document("KUBELET_DROP_IN"))["Service"][0] == clears


def test_firewall_rules_are_as_iptables_saves_them() -> None:
    assert document("FIREWALL_RULES", plan_of(OTHER_SUBNETS)).splitlines() == [
        "INPUT -i tailscale0 -j ACCEPT",
        "INPUT -p udp -m udp --dport 41641 -j ACCEPT",
        "INPUT -s 172.20.0.0/16 -i lxc+ -j ACCEPT",
        "INPUT -s 172.20.0.0/16 -i cilium_+ -j ACCEPT",
        "FORWARD -s 172.20.0.0/16 -i lxc+ -j ACCEPT",
        "FORWARD -s 172.20.0.0/16 -i cilium_+ -j ACCEPT",
        "FORWARD -d 172.20.0.0/16 -o lxc+ -j ACCEPT",
        "FORWARD -d 172.20.0.0/16 -o cilium_+ -j ACCEPT",
    ]


def test_the_unit_waits_for_nobody_and_nobody_for_it() -> None:
    sections = unit(render_unit(example_plan(), example_plan().node("w1")))
    assert dict(sections["Service"]) == {
        "Type": "exec",
        "ExecStart": "/bin/bash /opt/meshstrap/bootstrap.sh",
        "Restart": "on-failure",
        "RestartSec": "30s",
    }
    assert ("StartLimitIntervalSec", "0") in sections["Unit"]


@pytest.mark.parametrize(("system", "arch"), [("ubuntu-22.04", "arm64"), ("debian-13", "amd64")])
def test_a_deb_repository(system: str, arch: str) -> None:
    kubernetes, containerd, _ = system_plan(system).node("w1").repositories
    fields = dict(line.split(": ", 1) for line in render_repository(containerd, arch).splitlines())
    assert fields["Types"] == "deb"
    assert fields["Components"] == "stable"
    assert fields["Architectures"] == arch
    assert fields["Signed-By"] == "/etc/apt/keyrings/meshstrap-containerd.asc"
    assert "Components" not in render_repository(kubernetes, arch)


def test_an_rpm_repository_keeps_upgrades_away() -> None:
    repository = system_plan("oracle-10").node("w1").repositories[0]
    section, *lines = render_repository(repository, "arm64").splitlines()
    fields = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert section == "[meshstrap-kubernetes]"
    assert fields["gpgcheck"] == "1"
    assert fields["gpgkey"] == "file:///etc/pki/rpm-gpg/meshstrap-kubernetes.asc"
    assert set(fields["excludepkgs"].split(",")) == {"kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni"}


@pytest.mark.parametrize(
    ("url", "override"), [("https://m.example.net", False), ("http://m:5000/", False), ("https://m/v2/k8s", True)]
)
def test_a_registry_mirror_is_asked_instead(url: str, override: bool) -> None:
    config = tomllib.loads(render_registry(RegistryMirror(registry="registry.k8s.io", url=url)))
    assert config["server"] == url
    assert config["host"] == {url: {"capabilities": ["pull", "resolve"], "override_path": override}}
