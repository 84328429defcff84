"""The workers' bootstrap tokens: made once, and deleted as soon as the worker is Ready."""

from __future__ import annotations

import pytest
import yaml

from tests.shell import kubernetes_stubs as stubs
from tests.shell.library_shell import facts_of
from tests.shell.sandbox import Outcome, Sandbox
from tests.shell.service_stubs import SHOWN

STEP = "bootstrap_tokens"
FILE = "etc/meshstrap/secrets/bootstrap_tokens"
LINE = "w1 000001.0123456789abcdef 2026-12-31T12:00:00Z\n"
NODE = "       \ncp1   <none>\n"
READY = "   [map[effect:NoSchedule key:node.kubernetes.io/unschedulable]]\n"
# Before its kubelet is, before Cilium's agent has come up, and when it is off.
NOT_READY = [
    f"   [map[effect:NoSchedule key:{key}]]\n"
    for key in ("node.kubernetes.io/not-ready", "node.cilium.io/agent-not-ready", "node.kubernetes.io/unreachable")
]

# What kubectl prints of Secrets and nodes without headers.
KUBECTL = """
  "apply --filename -")
    [[ ! -e $S/refuse ]] || { echo 'error: the server is busy' >&2; exit 1; }
    cat >$S/applied
    awk '/^metadata:/ { gsub(/[{},"]/, ""); print $3, "type 7 5m", $8 }' $S/applied >>$S/secrets ;;
  "get secrets --namespace kube-system --selector meshstrap-worker --no-headers --label-columns meshstrap-worker")
    cat $S/secrets ;;
  "get nodes --output custom-columns=:.metadata.name,:.spec.taints") cat $S/nodes ;;
  "get pods --namespace kube-system --selector k8s-app=kube-dns --output custom-columns="*)
    cat $S/resolvers ;;
  "delete pods --namespace kube-system "*) ;;
  "delete --namespace kube-system secret/"*) sed -i "/^${4#secret/} /d" $S/secrets ;;
"""
SYSTEMCTL = (
    SHOWN
    + """case $* in
  show*meshstrap-tokens.timer) shown "$(cat $S/timer 2>/dev/null)" ;;
  "stop meshstrap-tokens.timer")
    [[ -e $S/timer ]] || { echo 'Unit meshstrap-tokens.timer not loaded.' >&2; exit 5; }; rm $S/timer ;;
  *) exit 99 ;;
esac"""
)


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane that answers, with a worker that is to come."""
    sandbox.header |= {"NODE_NAME": "cp1", "NODE_ROLE": "control-plane", "STEPS": (STEP,)}
    for name, text in {"api": "", "secrets": "", "nodes": NODE, "resolvers": ""}.items():
        stubs.set_state(sandbox, name, text)
    stubs.stub_kubectl(sandbox, KUBECTL)
    sandbox.stub("systemctl", stubs.script(sandbox, SYSTEMCTL))
    sandbox.stub(
        "systemd-run", stubs.script(sandbox, "[[ ! -e $S/timer && ! -e $S/service ]] || exit 1; echo active >$S/timer")
    )
    return sandbox


def given(machine: Sandbox) -> Outcome:
    machine.write(FILE, LINE, 0o600)
    return machine.run(STEP)


def test_new_tokens_are_there_and_are_looked_after(machine: Sandbox) -> None:
    done = given(machine)
    assert done.levels == ["change", "changed", "summary"], done.log
    assert not machine.exists(FILE)
    assert "0123456789abcdef" not in done.log + "".join(done.calls)
    applied = yaml.safe_load(machine.read("state/applied"))
    assert applied["metadata"] == {
        "name": "bootstrap-token-000001",
        "namespace": "kube-system",
        "labels": {"meshstrap-worker": "w1"},
    }
    assert (applied["kind"], applied["type"]) == ("Secret", "bootstrap.kubernetes.io/token")
    assert applied["stringData"] == {
        "description": "worker w1",
        "token-id": "000001",
        "token-secret": "0123456789abcdef",
        "expiration": "2026-12-31T12:00:00Z",
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    (timer,) = [call for call in done.calls if call.startswith("systemd-run")]
    assert timer.endswith("--on-unit-active=60 bash /opt/meshstrap/bootstrap.sh --only bootstrap_tokens")
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_when_they_end_is_a_fact_of_the_run_that_has_applied_them(machine: Sandbox) -> None:
    machine.write(FILE, LINE, 0o600)
    assert facts_of(machine, STEP) == {"ends bootstrap-token-w1": "2026-12-31T12:00:00Z"}
    assert facts_of(machine, STEP) == {}


def test_no_token_at_all_is_as_planned(machine: Sandbox) -> None:
    done = machine.run(STEP)
    assert (done.levels, machine.exists("state/timer")) == (["ok", "summary"], False)


def test_tokens_stay_until_they_are_applied(machine: Sandbox) -> None:
    stubs.set_state(machine, "refuse")
    assert (given(machine).code, machine.exists(FILE)) == (1, True)


@pytest.mark.parametrize("state", NOT_READY)
def test_the_token_of_a_worker_that_is_not_ready_stays(machine: Sandbox, state: str) -> None:
    given(machine)
    machine.write("state/nodes", f"{NODE}w1{state}w11{READY}")
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_the_token_of_a_worker_that_is_ready_goes_and_nobody_looks_any_more(machine: Sandbox) -> None:
    given(machine)
    machine.write("state/nodes", f"{NODE}w1{READY}")
    assert machine.run(STEP, check_only=True).code == 1
    done = machine.run(STEP)
    assert (done.levels, machine.read("state/secrets")) == (["change", "changed", "summary"], ""), done.log
    assert not machine.exists("state/timer")
    again = machine.run(STEP)
    assert again.levels == ["ok", "summary"]
    assert not any(call.startswith(("kubectl delete", "systemd-run")) for call in again.calls)


@pytest.mark.parametrize(
    ("resolvers", "deleted"),
    [
        ("\na   cp1   Running\nb   cp1   Running\n", ["b"]),
        ("a   w1   Pending\nb   w1   Running\n", ["b"]),
        ("a   cp1   Running\nb   w1   Running\n", []),
        ("a   w1   Failed\nb   w1   Running\nc   cp1   Running\nd   cp1   Succeeded\n", []),
        ("", []),
    ],
    ids=["control plane alone", "worker alone", "both", "both, and two that have ended", "none"],
)
def test_once_a_worker_is_ready_names_outlive_any_one_node(
    machine: Sandbox, resolvers: str, deleted: list[str]
) -> None:
    given(machine)
    machine.write("state/nodes", f"{NODE}w1{READY}")
    machine.write("state/resolvers", resolvers)
    done = machine.run(STEP)
    gone = [call.split()[-1] for call in done.calls if " delete pods " in call]
    assert (done.code, gone) == (0, deleted), done.log


def test_of_two_tokens_one_goes_and_the_other_is_looked_after(machine: Sandbox) -> None:
    machine.write(FILE, LINE + LINE.replace("w1 000001", "w2 000002"), 0o600)
    machine.run(STEP)
    machine.write("state/nodes", f"w1{READY}")
    # By the timer's own run.
    stubs.set_state(machine, "service")
    assert machine.run(STEP).levels == ["change", "changed", "summary"]
    (left,) = machine.read("state/secrets").splitlines()
    assert (left.split()[0], left.split()[-1]) == ("bootstrap-token-000002", "w2")
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_a_worker_built_anew_while_its_old_node_stays_keeps_its_token(machine: Sandbox) -> None:
    machine.write("state/nodes", f"{NODE}w1{NOT_READY[-1]}")
    assert given(machine).levels == ["change", "changed", "summary"]
    assert machine.read("state/secrets")


def test_a_token_for_a_name_that_is_taken_is_not_left(machine: Sandbox) -> None:
    machine.write("state/nodes", f"{NODE}w1{READY}")
    assert given(machine).levels == ["change", "changed", "summary"]
    assert (machine.read("state/secrets"), machine.exists("state/timer")) == ("", False)


def test_a_timer_that_cannot_be_made_says_why(machine: Sandbox) -> None:
    machine.stub("systemd-run", "echo 'Failed to start transient timer unit: Unit is masked.' >&2; exit 1")
    done = given(machine)
    assert done.code == 1
    assert "systemd-run failed 1 times (exit 1): Failed to start transient timer unit: Unit is masked." in done.log


def test_a_boot_looks_after_them_again(machine: Sandbox) -> None:
    given(machine)
    stubs.clear_state(machine, "timer")
    assert machine.run(STEP).levels == ["change", "changed", "summary"]
    assert machine.exists("state/timer")


def test_tokens_that_have_expired_leave_no_timer(machine: Sandbox) -> None:
    given(machine)
    machine.write("state/secrets", "")
    assert machine.run(STEP).levels == ["change", "changed", "summary"]
    assert not machine.exists("state/timer")


def test_cannot_tell(machine: Sandbox) -> None:
    given(machine)
    stubs.clear_state(machine, "api")
    done = machine.run(STEP, check_only=True)
    assert (done.code, "The connection to the server" in done.log) == (1, True), done.log
    assert machine.run(STEP).code == 1
    assert machine.read("state/secrets")
