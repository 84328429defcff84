"""A control plane that has lived: whatever its kubelet does at this moment, it is never initialised again."""

from __future__ import annotations

import shutil

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.control_plane_stubs import make_control_plane
from tests.shell.sandbox import Outcome, Sandbox

MANIFESTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
AUDITED = "pod\n    - --audit-log-path=/var/log/audit.log\n"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane on which every step before has run."""
    return make_control_plane(sandbox)


def living(machine: Sandbox) -> Sandbox:
    """A cluster with Cilium, whose manifests a person has changed since."""
    machine.run("control_plane")
    machine.write("var/lib/meshstrap/cilium.tgz", "chart")
    for name in MANIFESTS:
        machine.write(f"etc/kubernetes/manifests/{name}.yaml", AUDITED)
    return machine


def is_untouched(machine: Sandbox, done: Outcome) -> bool:
    """Whether nobody has called kubeadm, and each manifest that is there is as the person left it."""
    here = [name for name in MANIFESTS if machine.exists(f"etc/kubernetes/manifests/{name}.yaml")]
    return not any(call.startswith("kubeadm") for call in done.calls) and all(
        machine.read(f"etc/kubernetes/manifests/{name}.yaml") in {AUDITED, ""} for name in here
    )


def test_kubelet_that_restarts_at_this_moment_is_waited_for(machine: Sandbox) -> None:
    stubs.clear_state(living(machine), "kubelet")
    stubs.set_state(machine, "kubelet-broken")
    machine.stub("sleep", stubs.script(machine, "touch $S/kubelet"))
    done = machine.run("control_plane")
    assert done.levels == ["change", "wait", "changed", "summary"], done.log
    assert is_untouched(machine, done)


@pytest.mark.parametrize(("name", "is_ours"), [("k8s-api.internal", True), ("other.internal", False)])
def test_another_name_of_the_api_changes_nothing(machine: Sandbox, name: str, is_ours: bool) -> None:
    living(machine)
    # The control plane's own kubelet asks the address.
    for file, server in (("admin", name), ("kubelet", "100.64.0.1")):
        machine.write(f"etc/kubernetes/{file}.conf", f"    server: https://{server}:6443\n")
    before = machine.read("etc/hosts")
    done = machine.run("control_plane")
    assert done.code == (0 if is_ours else 1), done.log
    assert ("this cluster's API is not called k8s-api.internal" in done.log) != is_ours
    assert machine.read("etc/hosts") == before
    assert is_untouched(machine, done)


def test_stopped_kubelet_is_started(machine: Sandbox) -> None:
    stubs.clear_state(living(machine), "kubelet")
    stubs.set_state(machine, "kubelet-is", "inactive")
    done = machine.run("control_plane")
    assert done.levels == ["change", "changed", "summary"], done.log
    assert is_untouched(machine, done)


@pytest.mark.parametrize("state", ["activating", "failed"])
def test_kubelet_that_never_runs_is_waited_for_with_its_own_words(machine: Sandbox, state: str) -> None:
    stubs.clear_state(living(machine), "kubelet")
    stubs.set_state(machine, "kubelet-broken")
    stubs.set_state(machine, "kubelet-is", state)
    for _boot in range(3):
        done = machine.run("control_plane", environment={"WAIT_LIMIT": "0"})
        assert done.code == 75, done.log
        assert f"yet: the kubelet is {state}: run.go:72] command failed: bootstrap client certificate is e" in done.log
        assert is_untouched(machine, done)


def test_kubelet_that_cannot_be_started_is_an_error(machine: Sandbox) -> None:
    stubs.clear_state(living(machine), "kubelet")
    machine.stub("systemctl", "echo 'Failed to start kubelet.service: Unit kubelet.service is masked.' >&2; exit 1")
    done = machine.run("control_plane")
    assert (done.code, "Unit kubelet.service is masked" in done.log) == (1, True), done.log
    assert is_untouched(machine, done)


def test_living_api_behind_a_kubelet_that_restarts_is_used(machine: Sandbox) -> None:
    stubs.clear_state(living(machine), "kubelet")
    stubs.set_state(machine, "kubelet-broken")
    machine.stub("curl")
    machine.write("etc/hosts", stubs.HOSTS)
    done = machine.run("control_plane")
    assert done.levels == ["change", "changed", "summary"], done.log
    assert is_untouched(machine, done)


@pytest.mark.parametrize(
    "path",
    [
        "etc/kubernetes/admin.conf",
        "etc/kubernetes/kubelet.conf",
        *(f"etc/kubernetes/manifests/{name}.yaml" for name in MANIFESTS),
        "var/lib/kubelet/config.yaml",
        "var/lib/etcd/member",
    ],
)
@pytest.mark.parametrize("how", ["gone", "empty"])
def test_cluster_that_has_lived_is_never_initialised_again(machine: Sandbox, path: str, how: str) -> None:
    living(machine)
    stubs.clear_state(machine, "api")
    target = machine.root / path
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
        if how == "empty":
            machine.write(path, "")
    done = machine.run("control_plane")
    assert done.code == 75, done.log
    assert f"this cluster has data and is not initialised again: {target} is missing or empty" in done.log
    assert is_untouched(machine, done)


@pytest.mark.parametrize(
    ("objects", "levels"),
    [("service/kube-dns", ["change", "wait"]), ("node/cp1", ["ok", "summary"])],
    ids=["its node is deleted", "people have another DNS"],
)
def test_living_cluster_without_an_object_of_init(machine: Sandbox, objects: str, levels: list[str]) -> None:
    stubs.set_state(living(machine), "objects", objects)
    done = machine.run("control_plane")
    assert done.levels == levels, done.log
    assert is_untouched(machine, done)


def test_etcd_that_cannot_be_asked_is_waited_for(machine: Sandbox) -> None:
    stubs.clear_state(living(machine), "api")
    machine.stub("crictl", "echo 'connection error: no such file: containerd.sock' >&2; exit 1")
    done = machine.run("control_plane", environment={"WAIT_LIMIT": "0"})
    assert (done.code, "yet: connection error" in done.log) == (75, True), done.log
    assert is_untouched(machine, done)
