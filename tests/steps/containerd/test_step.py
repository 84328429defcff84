"""containerd: restarted only when older than what it reads, and held to an answer."""

from __future__ import annotations

import time

import pytest

from tests.shell.sandbox import Sandbox
from tests.shell.service_stubs import SILENT, changes, older, start_at, stub_systemctl

CONFIG = 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]'
RESTART = ["systemctl enable --quiet containerd", "systemctl restart containerd"]


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """containerd as its package leaves it: running, with a configuration that disables CRI."""
    sandbox.header |= {
        "KUBERNETES_VERSION": "1.36.3",
        "SANDBOX_IMAGE": "registry.k8s.io/pause:3.10.2",
        "CILIUM_AGENT_IMAGE": "quay.io/cilium/cilium:v1.20.2",
        "CILIUM_OPERATOR_IMAGE": "quay.io/cilium/operator-generic:v1.20.2",
        "CONTAINERD_CONFIG": CONFIG,
        "CRICTL_CONFIG": "runtime-endpoint: unix:///run/containerd/containerd.sock",
    }
    stub_systemctl(sandbox, "containerd")
    sandbox.stub("crictl", f"grep -q runtime {sandbox.root}/etc/crictl.yaml || exit 1")
    sandbox.stub("systemd-run")
    sandbox.stub("kubeadm", "printf 'registry.k8s.io/%s:v1.36.3\\n' kube-apiserver kube-proxy etcd")
    sandbox.write("etc/containerd/config.toml", 'disabled_plugins = ["cri"]\n')
    return sandbox


def test_it_configures_and_restarts(machine: Sandbox) -> None:
    done = machine.run("containerd")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.read("etc/containerd/config.toml") == CONFIG + "\n"
    assert changes(done.calls) == RESTART


FETCHER = (
    "systemd-run --quiet --collect --unit=meshstrap-images -- "
    '/bin/sh -c for image; do crictl pull "$image"; done; true sh'
)


def fetched(calls: list[str]) -> list[list[str]]:
    """The images that were asked for ahead, by call."""
    return [call.removeprefix(FETCHER).split() for call in calls if call.startswith(FETCHER)]


def test_a_worker_fetches_what_it_will_run_while_it_waits_for_others(machine: Sandbox) -> None:
    images = [["registry.k8s.io/pause:3.10.2", "quay.io/cilium/cilium:v1.20.2"]]
    assert fetched(machine.run("containerd").calls) == images


def test_a_control_plane_fetches_its_own_images_first_and_no_kube_proxy(machine: Sandbox) -> None:
    machine.header |= {"NODE_ROLE": "control-plane"}
    assert fetched(machine.run("containerd").calls) == [
        [
            "registry.k8s.io/kube-apiserver:v1.36.3",
            "registry.k8s.io/etcd:v1.36.3",
            "quay.io/cilium/operator-generic:v1.20.2",
            "quay.io/cilium/cilium:v1.20.2",
        ]
    ]


@pytest.mark.parametrize("program", ["systemd-run", "kubeadm"])
def test_what_cannot_be_fetched_ahead_is_no_error(machine: Sandbox, program: str) -> None:
    machine.header |= {"NODE_ROLE": "control-plane"}
    machine.stub(program, "echo 'no network' >&2; exit 1")
    done = machine.run("containerd")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log


def test_nothing_is_fetched_twice(machine: Sandbox) -> None:
    machine.run("containerd")
    assert not fetched(machine.run("containerd").calls)


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run("containerd")
    again = machine.run("containerd")
    assert (again.code, again.levels, changes(again.calls)) == (0, ["ok", "summary"], []), again.log


def test_a_run_that_was_killed_before_the_restart_is_finished(machine: Sandbox) -> None:
    machine.run("containerd")
    older(machine, "state/active-containerd")
    done = machine.run("containerd")
    assert (done.levels, changes(done.calls)) == (["change", "changed", "summary"], RESTART), done.log


def test_a_file_that_a_person_added_is_read(machine: Sandbox) -> None:
    machine.run("containerd")
    older(machine, "state/active-containerd", 30)
    older(machine, "etc/containerd/config.toml")
    machine.write("etc/containerd/conf.d/gpu.toml", "version = 3\n")
    assert changes(machine.run("containerd").calls) == RESTART


def test_a_restart_that_fails_is_an_error(machine: Sandbox) -> None:
    machine.write("state/broken-containerd", "")
    done = machine.run("containerd")
    assert (done.code, done.levels) == (1, ["change", "error", "error"]), done.log


def test_it_waits_for_an_answer(machine: Sandbox) -> None:
    machine.stub("crictl", "echo 'rpc error: code = Unimplemented desc = unknown service' >&2; exit 1")
    done = machine.run("containerd", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert "containerd to answer" in done.log
    assert "Unimplemented" in done.log


def test_one_that_was_started_in_the_second_of_the_writing_is_restarted(machine: Sandbox) -> None:
    start_at(machine, "containerd", time.time() + 5)
    assert changes(machine.run("containerd").calls) == RESTART


def test_one_that_is_busy_is_waited_for_and_not_restarted(machine: Sandbox) -> None:
    machine.run("containerd")
    machine.stub("crictl", "echo 'rpc error: code = DeadlineExceeded desc = context deadline exceeded' >&2; exit 1")
    done = machine.run("containerd", environment={"WAIT_LIMIT": "0"})
    assert (done.code, changes(done.calls)) == (75, []), done.log
    assert "what to do: journalctl -u containerd -n 50; systemctl restart containerd" in done.log


def test_a_bus_that_does_not_answer_restarts_nothing(machine: Sandbox) -> None:
    machine.run("containerd")
    machine.stub("systemctl", SILENT)
    done = machine.run("containerd")
    assert (done.code, changes(done.calls)) == (1, []), done.log
    assert "cannot tell the current state (exit 2): systemctl does not answer" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "crictl").unlink()
    done = machine.run("containerd")
    assert done.code == 1
    assert "cannot tell" in done.log
