"""kubelet starts after the tailnet; before kubeadm has run it need not stay up."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox
from tests.shell.service_stubs import SILENT, changes, older, stub_systemctl

DROP_IN = "[Unit]\nAfter=tailscale-online.target\n\n[Service]\nExecStartPre=/usr/bin/tailscale wait --timeout=60s"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """kubelet as its package leaves it: enabled, starting over and over."""
    sandbox.header |= {"KUBELET_DROP_IN": DROP_IN}
    stub_systemctl(sandbox, "kubelet")
    return sandbox


def test_it_writes_and_restarts(machine: Sandbox) -> None:
    done = machine.run("kubelet")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.read("etc/systemd/system/kubelet.service.d/20-meshstrap.conf") == DROP_IN + "\n"
    assert "systemctl restart kubelet" in done.calls


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run("kubelet")
    again = machine.run("kubelet")
    assert (again.code, again.levels, changes(again.calls)) == (0, ["ok", "summary"], []), again.log


def test_before_kubeadm_it_need_not_run(machine: Sandbox) -> None:
    machine.run("kubelet")
    (machine.root / "state/active-kubelet").unlink()
    assert machine.run("kubelet").levels == ["ok", "summary"]


@pytest.mark.parametrize("lacking", ["enabled-kubelet", "reload"])
def test_before_kubeadm_it_is_enabled_and_reloaded(machine: Sandbox, lacking: str) -> None:
    machine.run("kubelet")
    if lacking == "reload":
        machine.write("state/stale", "")
    else:
        (machine.root / "state" / lacking).unlink()
    assert machine.run("kubelet", check_only=True).levels == ["drift", "summary"]
    assert machine.run("kubelet").levels == ["change", "changed", "summary"]


def test_a_running_one_runs_with_what_the_file_says(machine: Sandbox) -> None:
    machine.run("kubelet")
    older(machine, "state/active-kubelet")
    assert "systemctl restart kubelet" in machine.run("kubelet").calls


def test_one_that_ends_while_it_is_looked_at_is_no_fault(machine: Sandbox) -> None:
    """Before kubeadm has run it starts and ends over and over: each answer may be another one."""
    machine.run("kubelet")
    real, active = machine.bin / "systemctl-that-answers", machine.root / "state/active-kubelet"
    (machine.bin / "systemctl").rename(real)
    turns = f"if [[ -e {active} ]]; then mv {active}{{,-not}}; else mv {active}{{-not,}}; fi"
    machine.stub("systemctl", f'{real} "$@"; {turns}')
    for _ in range(3):
        assert machine.run("kubelet").levels == ["ok", "summary"]


def test_what_an_interrupted_init_left_does_not_stop_it(machine: Sandbox) -> None:
    machine.run("kubelet")
    machine.write("etc/kubernetes/kubelet.conf", "")
    (machine.root / "state/active-kubelet").unlink()
    assert machine.run("kubelet").levels == ["ok", "summary"]


def test_a_restart_that_fails_is_an_error(machine: Sandbox) -> None:
    machine.write("state/broken-kubelet", "")
    done = machine.run("kubelet")
    assert (done.code, done.levels) == (1, ["change", "error", "error"]), done.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("kubelet")
    machine.stub("systemctl", f"[[ $1 != show ]] || {{ {SILENT}; }}")
    done = machine.run("kubelet")
    assert (done.code, changes(done.calls)) == (1, []), done.log
    assert "cannot tell" in done.log
