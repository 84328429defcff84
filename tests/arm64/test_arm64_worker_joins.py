"""An arm64 worker that is emulated, with a kernel of its own, joins a living cluster; its control plane is amd64."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.healing import has_converged, healed, ready_nodes
from tests.cluster.probe import PORT, Probes
from tests.cluster.supplies import Supplies, make_supplies
from tests.cluster.versions import programs, this_machine
from tests.lab.lab import Lab
from tests.lab.network import SERVERS
from tests.lab.process import Result, wait_until
from tests.lab.report import EVIDENCE

from .joining import NODES, PATIENCE, MixedCluster, launch, wait_for_step
from .machine import BOOT_SECONDS, LOOK_EVERY, EmulatedMachine
from .node import failed_units
from .supplies import what_a_worker_needs

WAYS = [("cp1", "w1"), ("w1", "cp1")]
# Seconds between two questions to the agent: each takes as much of the node's time, which its compiler needs.
ASK_EVERY = 60
# The agent's container has the cgroup of its node here.
CGROUP = "/run/cilium/cgroupv2"


@pytest.fixture(scope="module")
def sources(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Supplies:
    """What nodes of both processors download."""
    folder = tmp_path_factory.mktemp("supplies") / "web"
    return make_supplies(folder, cache, what_a_worker_needs(folder, cache))


@pytest.fixture(scope="module")
def lab(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, sources: Supplies, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """A lab with the servers that a cluster needs."""
    folder, failed = tmp_path_factory.mktemp("joins"), request.session.testsfailed
    with Lab(folder / "lab", cache) as made:
        sources.serve(made)
        yield made
        if request.session.testsfailed > failed:
            made.keep_evidence(EVIDENCE / "arm64" / Path(__file__).stem)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(lab: Lab, sources: Supplies, machine: EmulatedMachine) -> MixedCluster:
    """A cluster of a control plane that has converged, and a worker that has got power."""
    return launch(lab, sources, machine)


@pytest.fixture(scope="module")
def in_tailnet(cluster: MixedCluster) -> MixedCluster:
    """The worker is in the tailnet."""
    cluster.worker.wait_for_login()
    wait_for_step(cluster, "tailnet")
    return cluster


@pytest.fixture(scope="module")
def joined(in_tailnet: MixedCluster) -> MixedCluster:
    """The worker's kubelet has joined."""
    wait_for_step(in_tailnet, "join")
    return in_tailnet


@pytest.fixture(scope="module")
def converged(joined: MixedCluster) -> MixedCluster:
    """The worker has converged: its node was Ready, and its agent has answered."""

    def has() -> bool:
        return has_converged(joined.worker)

    wait_until(has, f"{joined.worker.name} converged", seconds=BOOT_SECONDS, every=LOOK_EVERY)
    return joined


@pytest.fixture(scope="module")
def probes(converged: MixedCluster, sources: Supplies) -> Probes:
    """A pod on either node."""
    return Probes(converged, sources.probe_image, PATIENCE)


def in_agent(cluster: MixedCluster, *argv: str) -> Result:
    """Run a command in the container of the worker's agent."""
    of_worker = ("--selector", "k8s-app=cilium", "--field-selector", f"spec.nodeName={cluster.worker.name}")
    (pod,) = cluster.objects("pods", "--namespace", "kube-system", *of_worker)
    place = ("--namespace", "kube-system", pod["metadata"]["name"], "--container", "cilium-agent")
    return cluster.kubectl("exec", *place, "--", *argv, timeout=60 * PATIENCE)


def test_the_control_plane_lives_alone_on_a_native_amd64_machine(
    cluster: MixedCluster, record_property: Callable[[str, object], None]
) -> None:
    assert ready_nodes(cluster) == {"cp1"}
    (node,) = cluster.objects("nodes")
    assert node["metadata"]["labels"]["kubernetes.io/arch"] == "amd64"
    # What is written on the evidence page was seen with these.
    record_property("programs", programs(cluster))
    record_property("machine", this_machine())


def test_an_emulated_worker_with_a_kernel_of_its_own_comes_into_the_tailnet(in_tailnet: MixedCluster) -> None:
    worker, native = in_tailnet.worker, in_tailnet.machines["cp1"]
    assert worker.run("uname", "-m").out == "aarch64\n"
    assert worker.run("uname", "-r").out != native.run("uname", "-r").out
    peers = json.loads(native.run("tailscale", "status", "--json").check().out)["Peer"].values()
    (peer,) = (one for one in peers if one["HostName"] == worker.name)
    assert (peer["Online"], in_tailnet.tailnet_address(worker.name) in peer["TailscaleIPs"]) == (True, True)


def test_it_joins_with_kubeadm_and_says_what_it_is(joined: MixedCluster) -> None:
    (node,) = joined.objects("node", joined.worker.name)
    info = node["status"]["nodeInfo"]
    assert info["architecture"] == "arm64"
    assert info["kernelVersion"] == joined.worker.run("uname", "-r").out.strip()
    assert info["kubeletVersion"] == f"v{joined.plan.versions.kubernetes}"


def test_it_converges_and_is_ready(converged: MixedCluster) -> None:
    wait_until(lambda: ready_nodes(converged) == set(NODES), "both nodes Ready", seconds=BOOT_SECONDS, every=LOOK_EVERY)
    assert failed_units(converged.worker) == ""


def test_cilium_compiles_its_programs_there_and_they_are_arm64_code_in_its_own_kernel(converged: MixedCluster) -> None:
    """The agent gives the compiler five minutes (pkg/defaults, ExecTimeout): one that needs more has it start over."""
    ours: dict[str, dict[str, Any]] = {}

    def loaded() -> bool:
        shown = in_agent(converged, "bpftool", "--json", "prog", "show").out
        # The kernel keeps fifteen letters of a name.
        ours.update({program.get("name", "")[:15]: program for program in json.loads(shown or "[]")})
        return "cil_from_contai" in ours

    wait_until(loaded, "Cilium's program of pods", seconds=BOOT_SECONDS, every=ASK_EVERY)
    assert all(program["jited"] for name, program in ours.items() if name.startswith("cil_"))


def test_ciliums_agent_is_healthy_on_it(converged: MixedCluster) -> None:
    def says() -> bool:
        return in_agent(converged, "cilium-dbg", "status", "--brief").out.strip() == "OK"

    wait_until(says, "Cilium's agent: OK", seconds=BOOT_SECONDS, every=ASK_EVERY)


def test_ciliums_socket_programs_are_in_its_own_cgroup_v2(converged: MixedCluster) -> None:
    assert converged.worker.run("stat", "-f", "-c", "%T", "/sys/fs/cgroup").out == "cgroup2fs\n"
    attached = json.loads(in_agent(converged, "bpftool", "--json", "cgroup", "show", CGROUP).check().out)
    assert "cil_sock4_conne" in {program["name"][:15] for program in attached}


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_a_pod_reaches_a_pod_across_accounts_and_processors(probes: Probes, here: str, there: str) -> None:
    pods = probes.pods()
    answer = probes.fetch(pods[here], f"http://{pods[there].address}:{PORT}/").check().out.split()
    assert answer == [pods[there].name, there, pods[here].address]


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_exactly_the_pod_mtu_passes_between_them(probes: Probes, here: str, there: str) -> None:
    passes_exactly_the_pod_mtu(probes, here, there)


def passes_exactly_the_pod_mtu(probes: Probes, here: str, there: str) -> None:
    mtu = probes.cluster.plan.network.pod_mtu
    probes.ping(here, there, mtu).check()
    larger = probes.ping(here, there, mtu + 1)
    assert larger.code != 0
    assert "too long" in larger.out + larger.err


@pytest.mark.parametrize("here", NODES)
def test_a_pod_reaches_both_backends_of_a_service(probes: Probes, here: str) -> None:
    reaches_both_backends(probes, here)


def reaches_both_backends(probes: Probes, here: str) -> None:
    pod, seen = probes.pods()[here], set()

    def all_seen() -> bool:
        seen.add(probes.fetch(pod, f"http://{probes.cluster_ip}/").check().out.split()[1])
        return seen == set(NODES)

    wait_until(all_seen, "an answer of either backend", seconds=60 * PATIENCE, every=0)


def test_a_pod_on_it_resolves_names_inside_and_outside(probes: Probes) -> None:
    resolves_names(probes)


def resolves_names(probes: Probes) -> None:
    pod = probes.pods()["w1"]
    for name, address in (("kubernetes.default.svc.cluster.local", "10.96.0.1"), ("apt.lab.test", SERVERS)):
        assert address in probes.ask(pod, "getent", "ahostsv4", name).check().out


def test_after_a_reboot_all_of_it_holds_again(probes: Probes) -> None:
    worker = probes.cluster.instances["w1"]
    assert isinstance(worker, EmulatedMachine)
    worker.power_off()
    worker.boot()
    healed(probes)
    for here, there in WAYS:
        passes_exactly_the_pod_mtu(probes, here, there)
        reaches_both_backends(probes, here)
    resolves_names(probes)
    assert failed_units(worker) == ""
