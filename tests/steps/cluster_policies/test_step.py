"""Policies of the whole cluster."""

from __future__ import annotations

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Sandbox

KUBECTL = r"""
  "get --output name crd/ciliumclusterwidenetworkpolicies.cilium.io")
    [[ -e $S/crd && ! -e $S/late ]] || { rm -f $S/late; echo 'Error from server (NotFound)' >&2; exit 1; }
    echo customresourcedefinition.apiextensions.k8s.io/${*: -1} ;;
  "diff --filename -")
    wanted=$(cat)
    [[ ! -e $S/timeout ]] || { echo 'Error from server (Timeout): no response in time' >&2; exit 2; }
    [[ $wanted == "$(cat $S/policies 2>/dev/null)" ]] || { echo '+  name: deny-oci-metadata'; exit 1; } ;;
  "apply --filename -")
    [[ ! -e $S/refuse ]] || { echo 'error: admission webhook denied the request' >&2; exit 1; }
    cat >$S/policies; echo 'ciliumclusterwidenetworkpolicy.cilium.io/deny-oci-metadata created' ;;
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane with Cilium."""
    sandbox.header |= {"STEPS": ("cluster_policies",), "CLUSTER_POLICIES": "kind: CiliumClusterwideNetworkPolicy"}
    stubs.stub_kubectl(sandbox, KUBECTL)
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "crd")
    return sandbox


def test_changes_then_nothing(machine: Sandbox) -> None:
    assert machine.run("cluster_policies", check_only=True).code == 1
    first = machine.run("cluster_policies")
    assert (first.code, first.levels) == (0, ["change", "changed", "summary"]), first.log
    assert machine.read("state/policies") == "kind: CiliumClusterwideNetworkPolicy\n"
    second = machine.run("cluster_policies")
    assert second.levels == ["ok", "summary"]
    assert not any("apply" in call for call in second.calls)


def test_waits_for_the_resource_type(machine: Sandbox) -> None:
    stubs.clear_state(machine, "crd")
    done = machine.run("cluster_policies", environment={"WAIT_LIMIT": "0"})
    assert (done.code, "no Cilium's policies as a resource type yet: Error from server (NotFound)" in done.log) == (
        75,
        True,
    ), done.log
    stubs.set_state(machine, "crd")
    stubs.set_state(machine, "late")
    assert machine.run("cluster_policies").levels == ["change", "changed", "summary"]


def test_apply_fails(machine: Sandbox) -> None:
    stubs.set_state(machine, "refuse")
    done = machine.run("cluster_policies")
    assert (done.code, done.levels) == (1, ["change", "error"]), done.log
    assert "admission webhook denied" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    stubs.set_state(machine, "timeout")
    done = machine.run("cluster_policies")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 2): Error from server (Timeout)" in done.log
