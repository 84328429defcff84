"""Machines in three accounts with the same subnet become one cluster out of nothing but pasted user-data."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from meshstrap.compat.data import facts_of
from meshstrap.compat.ranges import minor
from meshstrap.inventory import load_inventory
from meshstrap.plan import derive_plan
from meshstrap.views.policy import policy_text
from tests.lab.node import status
from tests.lab.process import wait_until
from tests.lab.programs import module_version, program_folder

from .chart_values import chart_facts, facts_file
from .cluster import Cluster
from .component_arguments import arguments
from .coordination import TAG, Headscale
from .feature_gates import NOTHING_TO_RUN, help_of, shown
from .inventory import NODES
from .supplies import Supplies
from .versions import programs, this_machine


def test_every_node_converges_and_nobody_has_touched_it(cluster: Cluster) -> None:
    assert {name: status(machine)["state"] for name, machine in cluster.machines.items()} == dict.fromkeys(
        NODES, "converged"
    )


def test_no_run_failed_on_the_way(cluster: Cluster) -> None:
    """It would have been tried again half a minute later, and nobody would have seen more than a slow node."""
    journals = {name: machine.journal("--unit=meshstrap", "--output=cat") for name, machine in cluster.machines.items()}
    assert all(" changed " in text for text in journals.values())
    assert [line for text in journals.values() for line in re.findall(r"^\S+ error .*$", text, re.MULTILINE)] == []


def test_the_workers_ran_before_the_control_plane_existed(cluster: Cluster) -> None:
    powered = cluster.timeline.powered
    assert max(powered["w1"], powered["w2"]) + 30 < powered["cp1"]


def test_all_machines_have_the_same_subnet(cluster: Cluster) -> None:
    for machine in cluster.machines.values():
        assert "10.0.0.0/24 dev ens3" in machine.run("ip", "route").out


def test_every_node_is_ready(cluster: Cluster) -> None:
    ready = {
        node["metadata"]["name"]: condition["status"]
        for node in cluster.objects("nodes")
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    }
    assert ready == dict.fromkeys(NODES, "True")


def test_no_workers_token_outlives_its_joining(cluster: Cluster) -> None:
    def left() -> list[str]:
        found = cluster.objects("secrets", "--namespace", "kube-system", "--selector", "meshstrap-worker")
        return [secret["metadata"]["name"] for secret in found]

    # Looked for each minute.
    wait_until(lambda: left() == [], "no bootstrap token of a worker", seconds=300, every=2)


def test_names_outlive_any_one_node(cluster: Cluster) -> None:
    def resolvers() -> set[str]:
        pods = cluster.objects("pods", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns")
        return {
            pod["spec"]["nodeName"]
            for pod in pods
            for condition in pod["status"]["conditions"]
            if (condition["type"], condition["status"]) == ("Ready", "True")
        }

    # From when the first worker's token goes.
    wait_until(lambda: len(resolvers()) > 1, "CoreDNS on two nodes", seconds=300, every=2)


def test_cilium_is_healthy_on_every_node(cluster: Cluster) -> None:
    agents = cluster.objects("pods", "--namespace", "kube-system", "--selector", "k8s-app=cilium")
    assert {pod["spec"]["nodeName"] for pod in agents} == set(NODES)
    for pod in agents:
        name = pod["metadata"]["name"]
        agent = ("exec", "--namespace", "kube-system", name, "--container", "cilium-agent", "--")

        def says(agent: tuple[str, ...] = agent) -> bool:
            return cluster.kubectl(*agent, "cilium-dbg", "status", "--brief").out.strip() == "OK"

        wait_until(says, f"{name}: OK", seconds=300)
    assert len(cluster.objects("ciliumnodes")) == len(NODES)


def test_the_server_takes_the_policy_that_the_cluster_lives_with_and_refuses_a_broken_one(
    cluster: Cluster, headscale: Headscale
) -> None:
    text = policy_text(derive_plan(load_inventory(cluster.inventory)))
    headscale.judge_policy(text).check()
    assert TAG in text
    for right, wrong in (
        (f'"dst": ["{TAG}"]', '"dst": ["tag:nobody"]'),
        ("tcp:10250", "tcp:kubelet"),
        ('"ip": [', '"ip": '),
    ):
        refused = headscale.judge_policy(text.replace(right, wrong, 1))
        assert refused.code != 0, wrong
        assert "policy" in refused.out + refused.err


def test_coredns_answers(cluster: Cluster) -> None:
    def available() -> bool:
        (deployment,) = cluster.objects("deployment", "coredns", "--namespace", "kube-system")
        return bool(deployment["status"].get("availableReplicas") == deployment["spec"]["replicas"])

    # A node is Ready before the pods that it may now run are.
    wait_until(available, "both CoreDNS pods", seconds=300)


def test_the_values_that_a_render_knows_are_those_of_the_chart(supplies: Supplies) -> None:
    version, facts = chart_facts(supplies.folder / supplies.chart)
    assert yaml.safe_load(facts_file(version).read_text()) == facts, "python -m tests.cluster.chart_values CHART.tgz"


def test_the_arguments_and_gates_that_a_render_knows_are_those_of_the_programs(supplies: Supplies) -> None:
    folder = program_folder("kubernetes", supplies.cache)
    version = minor(module_version("kubernetes", "k8s.io/kubernetes"))
    known = facts_of("feature_gates", version)
    for name in NOTHING_TO_RUN:
        told = help_of(folder / name)
        early = {
            gate: {"stage": kept["stage"], "default": kept["default"]}
            for gate, kept in known.items()
            if kept["stage"] in {"alpha", "beta"} and name not in kept.get("not_in", ())
        }
        assert shown(told) == early, "python -m tests.cluster.feature_gates MINOR FOLDER"
        if name != "kubelet":
            kept = facts_of("arguments", version)[name]
            assert arguments(told) == kept, "python -m tests.cluster.component_arguments MINOR FOLDER"


def test_every_node_runs_the_versions_of_the_plan(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    planned, found = derive_plan(load_inventory(cluster.inventory)).versions, programs(cluster)
    record_property("programs", found)
    record_property("machine", this_machine())
    for name, version in (
        ("kubelet", planned.kubernetes),
        ("tailscale", planned.tailscale),
        ("Cilium", planned.cilium),
    ):
        assert found[name].partition("-")[0] == version
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in cluster.objects("nodes")} == {
        f"v{planned.kubernetes}"
    }


def test_every_machine_shows_its_steps_in_the_timeline(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    derived = derive_plan(load_inventory(cluster.inventory))
    for node in derived.nodes:
        spans = cluster.timeline.spans[node.name]
        assert list(node.steps) == list(spans)
        assert all(span.held for span in spans.values())
    record_property("timeline", list(cluster.timeline.table()))
    print("\n".join(("", *cluster.timeline.table())))  # noqa: T201 - the table is what this run shows
