"""Ready, as the kubelet itself says, and said since it started."""

from __future__ import annotations

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Sandbox


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A joined worker that is Ready."""
    sandbox.header |= {"STEPS": ("node_ready",)}
    stubs.stub_systemctl(sandbox)
    stubs.set_state(sandbox, "kubelet", "Mon 2026-11-23 06:00:00 UTC\n")
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "ready", "True 2026-11-23T06:00:10Z kubelet is posting ready status")
    sandbox.stub(
        "curl", stubs.script(sandbox, '[[ $* == *"--unix-socket $R/run/cilium/cilium.sock "* && ! -e $S/silent ]]')
    )
    stubs.stub_kubectl(sandbox, '  "get node/w1 --output jsonpath="*) cat $S/ready ;;')
    return sandbox


def test_ready(machine: Sandbox) -> None:
    done = machine.run("node_ready")
    assert (done.code, done.levels) == (0, ["ok", "summary"]), done.log
    assert any(f"--kubeconfig {machine.root}/etc/kubernetes/kubelet.conf" in call for call in done.calls)
    assert machine.run("node_ready", check_only=True).code == 0


def test_waits_until_it_is(machine: Sandbox) -> None:
    stubs.set_state(machine, "ready", "False 2026-11-23T06:00:10Z container runtime network not ready")
    late = 'echo x >>$S/tries; [[ $(wc -l <$S/tries) -lt 4 ]] || echo "True 2026-11-23T06:00:20Z yes" >$S/ready; '
    late += "cat $S/ready"
    stubs.stub_kubectl(machine, f'  "get node/w1 --output jsonpath="*) {late} ;;')
    done = machine.run("node_ready")
    assert done.levels == ["change", "wait", "changed", "summary"], done.log


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "False 2026-11-23T06:00:10Z container runtime network not ready: NetworkReady=false\nmessage:cni plugin",
            "container runtime network not ready: NetworkReady=false message:cni plugin",
        ),
        ("Unknown 2026-11-23T06:00:10Z Kubelet stopped posting node status.", "Kubelet stopped posting node status."),
        ("", "the kubelet has not reported yet"),
        ("True 2026-11-23T05:59:00Z kubelet is posting ready status", "the kubelet has not reported yet"),
    ],
)
def test_not_ready(machine: Sandbox, said: str, why: str) -> None:
    stubs.set_state(machine, "ready", said)
    assert machine.run("node_ready", check_only=True).code == 1
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert f"no Ready from the kubelet yet: {why}; what to do: journalctl -u kubelet" in done.log


def test_ready_of_before_the_boot_while_the_agent_is_not_there(machine: Sandbox) -> None:
    stubs.set_state(machine, "silent")
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert "no Ready from the kubelet yet: Cilium's agent does not answer yet; what to do: " in done.log


def test_cannot_ask(machine: Sandbox) -> None:
    stubs.clear_state(machine, "api")
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert (done.code, "was refused" in done.log) == (75, True), done.log


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "kubectl").unlink()
    done = machine.run("node_ready")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 127)" in done.log
