"""The data file of versions, and what follows from it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import yaml

from meshstrap import compat
from meshstrap.compat.conditions import PLACES
from meshstrap.compat.data import PARTS, KnownCollision, load_collisions, load_data
from meshstrap.compat.ranges import in_range
from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import Inventory, PinnedFile, parse_inventory
from meshstrap.inventory.field_types import System
from meshstrap.inventory.model import Cilium, Cluster, Tailnet
from meshstrap.plan import derive_plan
from meshstrap.plan.machines import SYSTEMS
from meshstrap.verify.sources import VENDORS
from tests.golden.cases import system_plan
from tests.lab import vendors
from tests.lab.programs import FOLDER as PROGRAMS

REST = "accounts: [{name: a}]\nnodes: [{name: cp1, account: a, role: control-plane}]\n"
PIN = "{url: 'https://mirror.example.net/f.tgz', sha256: " + "0" * 64 + "}"


def inventory(cluster: str = "", rest: str = "") -> Inventory:
    return parse_inventory(f"cluster: {{name: c{cluster}}}\n{REST}{rest}", "f", [compat.version_rules])


def test_defaults_are_those_of_the_models() -> None:
    defaults = compat.defaults()
    assert Cluster.model_fields["kubernetes_version"].default == defaults.kubernetes
    assert Cluster.model_fields["containerd_version"].default == defaults.containerd
    assert Cluster.model_fields["helm_version"].default == defaults.helm
    assert Tailnet.model_fields["version"].default == defaults.tailscale
    assert Cilium.model_fields["version"].default == defaults.cilium


# Part → the lab's program that is it, and its module; containerd and Kubernetes' packages carry these numbers, too.
BUILT = {
    "kubernetes": ("kubernetes", "k8s.io/kubernetes"),
    "containerd": ("containerd", "github.com/containerd/containerd/v2"),
    "tailscale": ("tailscale", "tailscale.com"),
    "cilium": ("cilium", "github.com/cilium/cilium"),
    "helm": ("helm", "helm.sh/helm/v4"),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_default_is_the_version_that_the_labs_build_and_run(part: str) -> None:
    program, module = BUILT[part]
    go_mod = (PROGRAMS / program / "go.mod").read_text()
    (built,) = re.findall(rf"^(?:require)?\s+{re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    assert getattr(compat.defaults(), part) == built
    packaged = {"kubernetes": vendors.KUBERNETES, "containerd": vendors.CONTAINERD, "tailscale": vendors.TAILSCALE}
    assert packaged.get(part, built) == built


def test_defaults_are_accepted_without_a_word() -> None:
    assert compat.warnings(inventory()) == ()


def test_parts_are_the_same_everywhere() -> None:
    assert set(PLACES) == set(PARTS) == set(load_data().known)


def test_every_known_kubernetes_has_a_pause_image() -> None:
    first, last = (int(version.split(".")[1]) for version in load_data().known["kubernetes"])
    assert set(load_data().pause) == {f"1.{minor}" for minor in range(first, last + 1)}


def test_systems_are_those_of_the_inventory() -> None:
    known = System.__metadata__[0].schema["enum"]  # type: ignore[attr-defined]
    assert list(load_data().systems) == known


@pytest.mark.parametrize(
    ("version", "spec", "expected"),
    [
        ("1.36.0", ">=1.36", True),
        ("1.9.9", ">=1.36", False),
        ("1.36.3", ">=1.36 <1.37", True),
        ("1.37.0", ">=1.36 <1.37", False),
        ("4.2.1", ">=4.2.1 <4.2.2", True),
        ("4.2.10", ">=4.2.1 <4.2.2", False),
        ("1.0.0", "", True),
    ],
)
def test_ranges(version: str, spec: str, expected: bool) -> None:
    assert in_range(version, spec) is expected


def test_a_range_of_another_form_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not a range"):
        in_range("1.2.3", "~=1.2")


WARNED = {
    "containerd-2.2-end-of-life": inventory(", containerd_version: 2.2.4"),
    "kubernetes-1.35-cgroup-v1": inventory(", waive_machine: [cgroup]"),
    "cilium-kubernetes-1.37": inventory(", kubernetes_version: 1.37.1"),
    "cilium-untried": inventory(rest=f"cilium: {{version: 1.18.5}}\nsources: {{cilium_chart: {PIN}}}\n"),
    "cilium-kernel-7.2": inventory(rest=f"cilium: {{version: 1.20.0}}\nsources: {{cilium_chart: {PIN}}}\n"),
    "tailscale-l7-proxy": inventory(rest="cilium: {values: {gatewayAPI: {enabled: true}, l7Proxy: true}}\n"),
    "host-namespace-only": inventory(rest="cilium: {values: {socketLB: {hostNamespaceOnly: true}}}\n"),
    "cilium-devices": inventory(rest="cilium: {values: {devices: enp0s6}}\n"),
    "untagged": inventory(rest="tailnet: {tags: []}\n"),
    "docker-bridge": inventory(", pod_subnet: 172.16.0.0/12"),
}


@pytest.mark.parametrize("entry", [e for e in load_collisions() if e.severity == "warn"], ids=lambda e: str(e.id))
def test_every_warning_is_given(entry: KnownCollision) -> None:
    said = compat.warnings(WARNED[entry.id])
    assert len(said) == 1
    assert entry.why in said[0]
    assert said[0].endswith(f"({entry.link})")
    assert not re.search(r"{(?!failCgroupV1)", said[0])


def test_a_warning_names_what_caused_it() -> None:
    (said,) = compat.warnings(WARNED["tailscale-l7-proxy"])
    assert "leave cilium.values.l7Proxy, cilium.values.gatewayAPI.enabled off" in said


@pytest.mark.parametrize("cluster", [", kubernetes_version: 1.38.0", ", kubernetes_version: 1.100.0"])
def test_newer_versions_are_said_to_be_unknown(cluster: str) -> None:
    said = compat.warnings(inventory(cluster))
    assert any("is newer than what meshstrap knows (1.35 to 1.37): it has not been tried" in line for line in said)


def test_other_warnings() -> None:
    (docker,) = compat.warnings(inventory(", pod_subnet: 172.16.0.0/12"))
    assert docker.startswith("cluster.pod_subnet: 172.16.0.0/12 overlaps 172.17.0.0/16, Docker's bridge")
    (untagged,) = compat.warnings(inventory(rest="tailnet: {tags: []}\n"))
    assert "their keys expire" in untagged


def test_a_version_problem_stands_where_a_version_was_written() -> None:
    with pytest.raises(InventoryInvalid) as caught:
        inventory(", containerd_version: 2.1.9, kubernetes_version: 1.36.3")
    assert [problem.path for problem in caught.value.problems] == ["cluster.kubernetes_version"]
    with pytest.raises(InventoryInvalid) as caught:
        inventory(", containerd_version: 2.1.9")
    assert [problem.path for problem in caught.value.problems] == ["cluster.containerd_version"]


@pytest.mark.parametrize(
    ("kubernetes", "pause"), [("1.35.8", "3.10.1"), ("1.36.3", "3.10.2"), ("1.37.1", "3.10.2"), ("1.99.0", "3.10.2")]
)
def test_pause_image(kubernetes: str, pause: str) -> None:
    assert compat.pause_image(kubernetes) == pause


@pytest.mark.parametrize(
    ("system", "urls"),
    [
        (
            "ubuntu-22.04",
            [
                "https://pkgs.k8s.io/core:/stable:/v1.36/deb/",
                "https://download.docker.com/linux/ubuntu",
                "https://pkgs.tailscale.com/stable/ubuntu",
            ],
        ),
        (
            "debian-13",
            [
                "https://pkgs.k8s.io/core:/stable:/v1.36/deb/",
                "https://download.docker.com/linux/debian",
                "https://pkgs.tailscale.com/stable/debian",
            ],
        ),
        (
            "oracle-10",
            [
                "https://pkgs.k8s.io/core:/stable:/v1.36/rpm/",
                "https://download.docker.com/linux/rhel/10/$basearch/stable",
                "https://pkgs.tailscale.com/stable/oracle/10/$basearch",
            ],
        ),
    ],
)
def test_repositories(system: str, urls: list[str]) -> None:
    sources = compat.repositories(system, "1.36.3")
    assert [source.name for source in sources] == ["kubernetes", "containerd", "tailscale"]
    assert [source.url for source in sources] == urls
    for source in sources:
        assert "{" not in source.url + source.suite + source.key_url
        assert source.key_url.startswith("https://")
        assert all(re.fullmatch(r"[0-9A-F]{40}", fingerprint) for fingerprint in source.key_fingerprints)
        assert source.key_fingerprints


def test_docker_signs_deb_and_rpm_with_different_keys() -> None:
    keys = {system: compat.repositories(system, "1.36.3")[1].key_fingerprints for system in ("debian-12", "oracle-9")}
    assert keys == {
        "debian-12": ("9DC858229FC7DD38854AE2D88D81803C0EBFCD88",),
        "oracle-9": ("060A61C51B558A7F742B77AAC52FEB6B621E9F35",),
    }


def test_the_inventory_s_repository_comes_first() -> None:
    given = inventory(rest="sources: {repositories: {tailscale: {url: 'https://m.example.net/ts', component: ''}}}\n")
    tailscale = compat.repositories("ubuntu-24.04", "1.36.3", given.sources.repositories)[2]
    assert (tailscale.url, tailscale.suite, tailscale.component) == ("https://m.example.net/ts", "noble", "")
    assert tailscale.key_fingerprints == ("2596A99EAAB33821893C0A79458CA832957F5868",)


def test_downloads_of_the_defaults_are_pinned() -> None:
    defaults = compat.defaults()
    for arch in ("arm64", "amd64"):
        helm = compat.helm_download(defaults.helm, arch)
        assert helm.url == f"https://get.helm.sh/helm-v{defaults.helm}-linux-{arch}.tar.gz"
    assert compat.cilium_chart(defaults.cilium).url == f"https://helm.cilium.io/cilium-{defaults.cilium}.tgz"


def test_downloads_of_one_s_own() -> None:
    own = PinnedFile(url="https://mirror.example.net/f.tgz", sha256="0" * 64)
    given = inventory(rest=f"sources: {{helm: {{arm64: {PIN}}}, cilium_chart: {PIN}}}\n").sources
    assert compat.helm_download("9.9.9", "arm64", given.helm) == own
    assert compat.cilium_chart("9.9.9", given.cilium_chart) == own
    with pytest.raises(LookupError):
        compat.helm_download("9.9.9", "amd64", given.helm)
    with pytest.raises(LookupError):
        compat.cilium_chart("9.9.9")


@pytest.mark.parametrize(
    "values",
    [
        "{operator: {nodeSelector: {disk: ssd}}, loadBalancer: {mode: dsr}}",
        "{tolerations: [], affinity: {podAntiAffinity: {}}, extraConfig: {a: b}, podAnnotations: {a/b: c}}",
        "{l7Proxy: true, ingressController: {enabled: true}}",
        "{operator: {prometheus: null}, debug: {enabled: true}}",
    ],
)
def test_values_that_the_chart_takes_are_accepted(values: str) -> None:
    assert inventory(rest=f"cilium: {{values: {values}}}\n").cilium.values


def test_of_a_chart_that_is_not_known_no_value_is_judged() -> None:
    text = f"cilium: {{version: 1.20.3, values: {{brandNew: 1}}}}\nsources: {{cilium_chart: {PIN}}}\n"
    assert inventory(rest=text).cilium.values == {"brandNew": 1}


def test_the_chart_takes_what_the_plan_hands_to_it() -> None:
    plan = derive_plan(inventory(rest="cilium: {hubble: true}\n"))
    text = yaml.safe_dump({"cilium": {"values": dict(plan.cilium_values)}})
    with pytest.raises(InventoryInvalid) as caught:
        inventory(rest=text)
    # Each is the plan's own, and refused as that alone.
    assert all("this cannot be set here" in problem.message for problem in caught.value.problems)


def test_a_vendors_host_is_known_as_one_that_serves_nothing_else() -> None:
    nodes = [system_plan(system).node("w1") for system in SYSTEMS]
    assert {urlsplit(one.url).netloc for node in nodes for one in node.repositories} == set(VENDORS)
