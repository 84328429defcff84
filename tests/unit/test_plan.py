"""What follows from an inventory."""

from __future__ import annotations

from typing import Any

import pytest

from meshstrap.plan import NodePlan, Package
from meshstrap.plan.cilium import cilium_images
from meshstrap.plan.machines import SYSTEMS, minimum_cpus, minimum_disk_gib, minimum_memory_mib
from meshstrap.plan.merging import as_text, derive_overrides, merge_values
from meshstrap.plan.model import CiliumImages
from meshstrap.plan.packages import package_argument
from tests.golden.cases import SYSTEMS as SYSTEM_NAMES
from tests.golden.cases import example_plan, plan_of, system_plan

SMALL = """
cluster: {name: lab, CLUSTER}
accounts: [{name: a, ACCOUNT}]
nodes:
  - {name: cp1, account: a, role: control-plane, NODE}
  - {name: w1, account: a, role: worker}
"""


def node_of(os: str, name: str) -> NodePlan:
    return system_plan(os).node(name)


def small(**parts: str) -> str:
    text = SMALL
    for place in ("CLUSTER", "ACCOUNT", "NODE"):
        text = text.replace(f", {place}}}", f", {parts[place.lower()]}}}" if place.lower() in parts else "}")
    return text


def test_the_same_inventory_gives_the_same_plan() -> None:
    assert plan_of(small()) == plan_of(small())


def test_the_example_is_planned_without_warnings() -> None:
    assert example_plan().warnings == ()
    assert example_plan().overrides == ()
    assert example_plan().control_plane == "cp1"


def test_a_node_is_found_by_name() -> None:
    assert example_plan().node("w1").role == "worker"
    with pytest.raises(KeyError):
        example_plan().node("w9")


def test_the_supported_systems_are_those_of_the_inventory() -> None:
    assert tuple(SYSTEMS) == SYSTEM_NAMES


@pytest.mark.parametrize(
    ("os", "user", "family"),
    [
        ("ubuntu-22.04", "ubuntu", "apt"),
        ("debian-13", "debian", "apt"),
        ("oracle-9", "opc", "dnf"),
        ("oracle-10", "opc", "dnf"),
    ],
)
def test_a_system_decides_user_and_packages(os: str, user: str, family: str) -> None:
    node = node_of(os, "w1")
    assert (node.login_user, node.family) == (user, family)


def test_a_login_user_of_ones_own() -> None:
    assert plan_of(small(node="login_user: erin")).node("cp1").login_user == "erin"


def test_minimums() -> None:
    assert (minimum_cpus("control-plane"), minimum_cpus("worker")) == (2, 1)
    assert (minimum_memory_mib("control-plane"), minimum_memory_mib("worker")) == (1700, 900)
    assert minimum_disk_gib(has_block_volume=True) < minimum_disk_gib(has_block_volume=False)
    # What Linux reports of a machine of 2 and of 1 GiB, seen on OCI: firmware and kernel keep some.
    assert minimum_memory_mib("control-plane") < 1900
    assert minimum_memory_mib("worker") < 950


@pytest.mark.parametrize(
    ("os", "expected"),
    [
        (
            "ubuntu-24.04",
            {
                "kubelet=1.36.3-*",
                "containerd.io=2.3.6-*",
                "tailscale=1.102.5",
                "cri-tools=1.36.0-*",
                "kubernetes-cni=1.9.1-*",
                "iptables",
                "curl",
            },
        ),
        (
            "oracle-9",
            {"kubelet-1.36.3-*", "containerd.io-2.3.6-*", "tailscale-1.102.5-*", "cri-tools-1.36.0-*", "iptables-nft"},
        ),
    ],
)
def test_packages_as_the_package_manager_takes_them(os: str, expected: set[str]) -> None:
    node = node_of(os, "cp1")
    assert expected <= {package_argument(node.family, package) for package in node.packages}


def test_only_what_comes_from_our_repositories_is_held() -> None:
    for os in SYSTEM_NAMES:
        node = node_of(os, "w1")
        taken = {name for repository in node.repositories for name in repository.packages}
        assert {package.name for package in node.packages if package.held} == taken


def test_a_package_without_a_version_is_named_alone() -> None:
    assert package_argument("dnf", Package(name="socat", version="", held=False)) == "socat"


def test_repositories_of_one_place_are_one_with_all_their_keys() -> None:
    mirror = "{url: 'http://m.example.net/deb/', suite: /, component: '', key_fingerprints: [KEY]}"
    given = {"containerd": "A" * 40, "tailscale": "B" * 40}
    listed = ", ".join(f"{name}: {mirror.replace('KEY', key)}" for name, key in given.items())
    nodes = plan_of(small() + f"sources: {{repositories: {{{listed}}}}}\n").node("w1").repositories
    assert [repository.name for repository in nodes] == ["kubernetes", "containerd"]
    assert nodes[1].key_fingerprints == ("A" * 40, "B" * 40)
    assert nodes[1].packages == ("containerd.io", "tailscale")
    assert len(nodes[1].key_urls) == 2


def test_repositories_follow_system_and_version() -> None:
    kubernetes, containerd, tailscale = node_of("debian-12", "w1").repositories
    assert kubernetes.url == "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
    assert (containerd.url, containerd.suite, containerd.components) == (
        "https://download.docker.com/linux/debian",
        "bookworm",
        ("stable",),
    )
    assert (tailscale.suite, tailscale.components) == ("bookworm", ("main",))
    assert {len(repository.key_fingerprints[0]) for repository in (kubernetes, containerd, tailscale)} == {40}


def test_accounts_add_up_their_nodes() -> None:
    plan = plan_of(small(node="block_volume: {device: /dev/oracleoci/oraclevdb, size_gib: 60}, memory_gib: 8"))
    (account,) = plan.accounts
    assert account.nodes == ("cp1", "w1")
    assert (account.ocpus, account.memory_gib, account.storage_gib) == (4, 20, 160)
    assert account.quota_ocpus is None


def test_ssh_keys_are_counted_or_allowed_for() -> None:
    assert plan_of(small()).accounts[0].ssh_keys_bytes == 750
    alice = example_plan().accounts[0]
    assert 150 < alice.ssh_keys_bytes < 250


def test_warnings_name_what_they_are_about() -> None:
    plan = plan_of(small(node="memory_gib: 2"))
    assert [text.partition(":")[0] for text in plan.warnings] == ["node cp1", "account a"]


def test_facts_have_reasons_and_sources() -> None:
    facts = {fact.name: fact for fact in example_plan().facts}
    assert len(facts) == len(example_plan().facts)
    assert all(fact.value and fact.why and fact.source for fact in facts.values())
    assert facts["pod_mtu"].value == "1230"
    assert facts["wire_size"].value == "1340 (IPv4), 1360 (IPv6)"
    assert facts["ca_cert_hash"].value == "not known yet"


def test_overrides_show_what_stood_there() -> None:
    plan = plan_of(
        small(cluster="kubelet: {maxPods: 60, systemReserved: {memory: 300Mi}}", node="kubelet: {maxPods: 20}")
    )
    assert [(o.path, o.value, o.ours) for o in plan.overrides] == [
        ("cluster.kubelet.maxPods", "60", ""),
        ("cluster.kubelet.systemReserved.memory", "300Mi", "256Mi"),
        ("nodes[0].kubelet.maxPods", "20", "60"),
    ]
    assert plan.kubelet["systemReserved"] == {"cpu": "100m", "memory": "300Mi"}
    assert plan.node("cp1").kubelet == {"maxPods": 20}


def test_merging_goes_into_mappings_and_replaces_the_rest() -> None:
    ours = {"a": {"b": 1, "c": [1, 2]}, "d": "x"}
    merged = merge_values(ours, {"a": {"c": [3]}, "d": {"e": None}, "f": {}})
    assert merged == {"a": {"b": 1, "c": [3]}, "d": {"e": None}, "f": {}}
    assert ours == {"a": {"b": 1, "c": [1, 2]}, "d": "x"}


def test_merging_copies() -> None:
    theirs = {"list": [{"a": 1}]}
    merge_values({}, theirs)["list"][0]["a"] = 2
    assert theirs == {"list": [{"a": 1}]}


def test_an_override_below_a_scalar() -> None:
    (override,) = derive_overrides("v", {"a": "x"}, {"a": {"b": True}})
    assert (override.path, override.value, override.ours) == ("v.a.b", "true", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (False, "false"), (3, "3"), ({}, "{}"), ([1, "a"], "[1, a]"), ({"a": [None]}, "{a: [null]}")],
)
def test_values_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("values", "agent", "operator"),
    [
        ({}, "quay.io/cilium/cilium:v1.20.2", "quay.io/cilium/operator-generic:v1.20.2"),
        (
            {"image": {"repository": "mirror.test/agent", "tag": "v9"}, "operator": {"image": {"suffix": "-ci"}}},
            "mirror.test/agent:v9",
            "quay.io/cilium/operator-generic-ci:v1.20.2",
        ),
        (
            {"image": {"digest": "sha256:a"}, "operator": {"image": {"genericDigest": "sha256:b", "useDigest": False}}},
            "quay.io/cilium/cilium:v1.20.2@sha256:a",
            "quay.io/cilium/operator-generic:v1.20.2",
        ),
        ({"image": {"override": "x.test/y:z"}}, "x.test/y:z", "quay.io/cilium/operator-generic:v1.20.2"),
    ],
)
def test_ciliums_images_are_those_that_the_chart_will_run(values: dict[str, Any], agent: str, operator: str) -> None:
    assert cilium_images("1.20.2", values) == CiliumImages(agent=agent, operator=operator)


KUBELETS = [
    ("failSwapOn: false", "cluster.kubelet: swap has no effect: the step swap_off switches it off"),
    ("memorySwap: {swapBehavior: LimitedSwap}", "cluster.kubelet: swap has no effect"),
    ("maxPods: 400", "cluster.kubelet: maxPods is 400, but a node has 254 pod addresses"),
    ("podLogsDir: /data/logs", "nodes[0].kubelet: podLogsDir leads away from /var/log/pods, which cp1's data volume"),
]


@pytest.mark.parametrize(("fields", "said"), KUBELETS)
def test_a_kubelet_field_that_a_step_takes_the_effect_from_is_said(fields: str, said: str) -> None:
    text = f"""
cluster: {{name: c, kubelet: {{{fields}}}}}
accounts: [{{name: a}}]
nodes: [{{name: cp1, account: a, role: control-plane, block_volume: {{device: /dev/sdb, size_gib: 50}}}}]
"""
    assert [line for line in plan_of(text).warnings if line.startswith(said)]
    assert not [line for line in plan_of(text.replace(fields, "maxPods: 60")).warnings if "kubelet:" in line]


@pytest.mark.parametrize(
    ("device", "warned"), [("/dev/sdb", True), ("/dev/vdb", True), ("/dev/oracleoci/oraclevdb", False)]
)
def test_a_device_name_that_another_disk_may_have_after_a_boot_is_warned_of(device: str, warned: bool) -> None:
    plan = plan_of(small(node=f"block_volume: {{device: {device}, size_gib: 60}}"))
    assert bool([line for line in plan.warnings if "the kernel gives anew at every boot" in line]) == warned
