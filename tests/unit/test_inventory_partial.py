"""Rules across fields run although a field elsewhere is wrong, and never blame what a wrong field caused."""

from __future__ import annotations

import pytest

from meshstrap import compat
from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import parse_inventory


def problems(text: str) -> list[str]:
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(text, "f")
    return [str(problem) for problem in caught.value.problems]


HEAD = "cluster: {name: a}\naccounts: [{name: b}]\n"
TWICE = "addresses in both would reach only one of them"


def test_a_wrong_role_is_not_a_missing_control_plane() -> None:
    assert problems(HEAD + "nodes: [{name: n, account: b, role: workr}]\n") == [
        "f:3:37: nodes[0].role: 'workr' is not a role: one of control-plane, worker; did you mean 'worker'?"
    ]


def test_a_node_that_is_no_mapping_hides_no_other_fault() -> None:
    head = "cluster: {name: a, pod_subnet: 10.96.0.0/17}\naccounts: [{name: b}]\n"
    default = "cluster.service_subnet (10.96.0.0/16, the default)"
    assert problems(head + "nodes: [n, {name: m, account: b, role: control-plane, ocpus: x}]\n") == [
        f"f:1:32: cluster.pod_subnet: 10.96.0.0/17 overlaps {default}; {TWICE}",
        "f:3:9: nodes[0]: this has to be a mapping (keys with values under it), not 'n'",
        "f:3:62: nodes[1].ocpus: 'x' is not a whole number of OCPUs, written in plain digits",
    ]


def test_missing_sections_are_all_named() -> None:
    assert [line.split(": ")[1] for line in problems("tailnet: {tags: []}\n")] == ["accounts", "cluster", "nodes"]


def test_a_wrong_subnet_overlaps_nothing() -> None:
    head = "cluster: {name: a, pod_subnet: 10.0.0.1/8}\naccounts: [{name: b, subnet: 10.0.0.0/24}]\n"
    assert problems(head + "nodes: [{name: n, account: b, role: control-plane}]\n") == [
        "f:1:32: cluster.pod_subnet: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?"
    ]


def test_a_wrong_version_hides_no_other_version() -> None:
    text = HEAD.replace("name: a", "name: a, kubernetes_version: 1.30")
    text += "nodes: [{name: n, account: b, role: control-plane}]\n"
    text += "tailnet: {version: 1.80.0}\ncilium: {version: 1.20.9}\n"
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(text, "f", [compat.version_rules])
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["cluster.kubernetes_version", "tailnet.version", "cilium.version"]


def test_a_problem_between_two_values_stands_at_the_later_one() -> None:
    head = "nodes: [{name: k8s-api, account: b, role: control-plane}]\naccounts: [{name: b, subnet: 10.244.0.0/24}]\n"
    names, subnets = problems(head + "cluster: {name: a, api_endpoint: k8s-api.internal, pod_subnet: 10.244.0.0/16}\n")
    assert names.startswith("f:3:34: cluster.api_endpoint: 'k8s-api' is the name of nodes[0] and the first label of")
    assert subnets == (
        f"f:3:64: cluster.pod_subnet: 10.244.0.0/16 overlaps accounts[0].subnet (10.244.0.0/24, line 2); {TWICE}"
    )


def test_waivers_let_a_small_control_plane_through() -> None:
    text = HEAD.replace("name: a", "name: a, waive_preflight: [NumCPU, Mem], waive_machine: [cpus, memory]")
    text += "nodes: [{name: n, account: b, role: control-plane, ocpus: 1, memory_gib: 1}]\n"
    assert parse_inventory(text, "f").nodes[0].ocpus == 1


def test_one_ocpu_of_an_x86_shape_is_two_cpus() -> None:
    text = HEAD + "nodes: [{name: n, account: b, role: control-plane, shape: VM.Standard.E4.Flex, ocpus: 1}]\n"
    assert parse_inventory(text, "f").nodes[0].arch == "amd64"


def test_long_and_many_lined_values_are_shown_short() -> None:
    long = problems(HEAD + f"nodes: {'x' * 5000}\n")[0]
    assert long.endswith(f"not '{'x' * 60}…'")
    lines = problems(HEAD + "nodes: |\n  one\n  two\n")[0]
    assert lines.endswith("not 'one…'")
    name = problems(HEAD + f"nodes: [{{name: {'x' * 5000}, account: b, role: control-plane}}]\n")[0]
    assert name.endswith("the text has 5000 characters; at most 4096 are allowed")
    key = problems(HEAD + "nodes: []\n? " + "x" * 500 + "\n: y\n")[0]
    assert key == "f:4:3: a key has to be one line of at most 400 characters, without tabs"


def test_defaults_are_not_shared() -> None:
    text = HEAD + "nodes: [{name: n, account: b, role: control-plane}]\n"
    first, second = parse_inventory(text, "f"), parse_inventory(text, "f")
    assert first == second
    assert first.cilium.values is not second.cilium.values
