"""Feature gates: what is kept of Kubernetes' own list and of its programs, and what an inventory may say of them."""

from __future__ import annotations

from typing import Any

import pytest

from meshstrap.compat import version_rules
from meshstrap.compat.feature_gates import ALL_OF, gates_of
from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import Inventory, parse_inventory
from tests.cluster.feature_gates import gates, shown
from tests.golden.cases import plan_of

LISTED: list[dict[str, Any]] = [
    {
        "name": "Old",
        "stages": [
            {"stage": "alpha", "fromVersion": "1.9", "toVersion": "1.34", "defaultValue": False},
            {"stage": "stable", "fromVersion": "1.35", "defaultValue": True, "locked": True},
        ],
    },
    {
        "name": "New",
        "stages": [
            {"stage": "beta", "fromVersion": "1.36", "defaultValue": True},
            {"stage": "stable", "fromVersion": "1.37", "defaultValue": True, "locked": True},
        ],
        "dependencies": ["Old", "Another"],
    },
    {"name": "Later", "stages": [{"stage": "alpha", "fromVersion": "1.40", "defaultValue": False}]},
]
HELP = """
      --feature-gates kind   What it is. Options are:
                             kube:AllAlpha=true|false (ALPHA - default=false)
                             kube:Logging=true|false (BETA - default=true)
      --flush-frequency duration   How often. (default 5s)
"""
REST = "accounts: [{name: a}]\nnodes:\n  - {name: cp1, account: a, role: control-plane}\n"


def problems(cluster: str, node: str = "") -> list[str]:
    text = f"cluster: {{name: lab, {cluster}}}\n{REST}"
    if node:
        text += f"  - {{name: w1, account: a, role: worker, kubelet: {{featureGates: {{{node}}}}}}}\n"
    try:
        assert isinstance(parse_inventory(text, "f", (version_rules,)), Inventory)
    except InventoryInvalid as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def api_server(gates_: str) -> str:
    return f'api_server: {{arguments: {{feature-gates: "{gates_}"}}}}'


def test_the_list_is_read_as_of_one_version() -> None:
    assert gates(LISTED, "1.36") == {
        "Old": {"stage": "stable", "default": True, "locked": True},
        "New": {"stage": "beta", "default": True, "needs": ["Another", "Old"]},
    }
    assert shown(HELP) == {
        "AllAlpha": {"stage": "alpha", "default": False},
        "Logging": {"stage": "beta", "default": True},
    }


def test_what_is_kept_fits_together() -> None:
    known = gates_of("1.36")
    assert {name: known[name].stage for name in ALL_OF} == ALL_OF
    assert {gate.stage for gate in known.values()} == {"alpha", "beta", "stable", "deprecated"}
    assert {need for gate in known.values() for need in gate.needs} <= known.keys()
    assert known["ControllerManagerReleaseLeaderElectionLockOnExit"].not_in == ["kube-scheduler"]
    assert gates_of("1.99") == {}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "AllAlpha=true",
        "AllBeta=false",
        " APIServerIdentity = t ,, kube:ContextualLogging=F",
        "DynamicResourceAllocation=true",
        "APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
    ],
)
def test_what_the_api_server_takes_is_taken(said: str) -> None:
    """Each was given to kube-apiserver 1.36.3 (November 2026)."""
    assert problems(api_server(said)) == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Bogus=true", "kube-apiserver 1.36 has no feature gate Bogus, and would not start; remove it"),
        ("apiserveridentity=true", "and would not start; did you mean 'APIServerIdentity'?"),
        ("APIServerIdentity=maybe", "'APIServerIdentity=maybe' is not NAME=true or NAME=false"),
        ("APIServerIdentity", "'APIServerIdentity' is not NAME=true or NAME=false"),
        ("wardle:APIServerIdentity=true", "'wardle:APIServerIdentity=true' is not NAME=true or NAME=false"),
        ("DynamicResourceAllocation=false", "has locked DynamicResourceAllocation to true, and would not start"),
        (
            "APIServerIdentity=false",
            "UnknownVersionInteroperabilityProxy is on and needs APIServerIdentity, which is off",
        ),
    ],
)
def test_what_it_ends_with_is_refused(said: str, message: str) -> None:
    """Each was given to kube-apiserver 1.36.3 (November 2026)."""
    (problem,) = problems(api_server(said))
    assert problem.startswith("cluster.api_server.arguments.feature-gates: ")
    assert message in problem


def test_a_program_is_held_to_its_own_gates() -> None:
    gate = "ControllerManagerReleaseLeaderElectionLockOnExit=true"
    assert problems(f"controller_manager: {{arguments: {{feature-gates: {gate}}}}}") == []
    (problem,) = problems(f"scheduler: {{arguments: {{feature-gates: {gate}}}}}")
    assert "kube-scheduler 1.36 has no feature gate ControllerManager" in problem
    assert problems(f"scheduler: {{arguments: {{feature-gates: {gate}, emulated-version: kube:1.35}}}}") == []


def test_a_kubelets_gates_stand_over_the_clusters() -> None:
    gate, needed = "ClusterTrustBundleProjection", "ClusterTrustBundle"
    on = f"kubelet: {{featureGates: {{{needed}: true, {gate}: true}}}}"
    assert problems(on) == []
    (problem,) = problems(on, f"{needed}: false")
    said = f"{gate} is on and needs {needed}, which is off: kubelet would not start"
    assert problem == f"nodes[1].kubelet.featureGates.{needed}: {said}"
    (problem,) = problems("kubelet: {featureGates: {Bogus: true}}", "MemoryQoS: true")
    assert problem.startswith("cluster.kubelet.featureGates.Bogus: kubelet 1.36 has no feature gate Bogus")


def test_alpha_is_warned_of() -> None:
    text = f"cluster: {{name: lab, {api_server('AllAlpha=false,CBORServingAndStorage=true,MemoryQoS=false')}}}\n{REST}"
    (said,) = [warning for warning in plan_of(text).warnings if "alpha" in warning]
    place = "cluster.api_server.arguments.feature-gates"
    assert said.startswith(f"{place}: CBORServingAndStorage: alpha in Kubernetes 1.36; it may change or go")
