"""The control plane: init, an init that was cut at any phase and a boot."""

from __future__ import annotations

import base64
import hashlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.control_plane_stubs import make_control_plane
from tests.shell.sandbox import Sandbox


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane on which every step before has run."""
    return make_control_plane(sandbox)


def test_new_machine(machine: Sandbox) -> None:
    first = machine.run("control_plane")
    assert (first.code, first.levels) == (0, ["change", "changed", "summary"]), first.log
    assert machine.read("etc/hosts") == stubs.ALIAS + stubs.HOSTS
    assert "advertiseAddress: 100.64.0.1" in machine.read("state/config")
    assert not machine.exists("etc/kubernetes/pki.new")
    second = machine.run("control_plane")
    assert (second.code, second.levels) == (0, ["ok", "summary"]), second.log
    assert {call.split()[0] for call in second.calls} == {"ip", "curl", "kubectl", "openssl"}
    assert machine.run("control_plane", check_only=True).code == 0


def test_nothing_is_waived_on_a_new_machine(machine: Sandbox) -> None:
    (init,) = [call for call in machine.run("control_plane").calls if call.startswith("kubeadm init --config")]
    assert init.endswith("--skip-token-print --ignore-preflight-errors ")


def test_kubelet_patch_is_where_the_configuration_says(machine: Sandbox) -> None:
    machine.header["KUBELET_PATCH"] = "maxPods: 50"
    machine.run("control_plane")
    assert machine.read("etc/meshstrap/patches/kubeletconfiguration+strategic.yaml") == "maxPods: 50\n"


# What the next run does about an init that was killed after this phase.
CONTINUED = (
    "half-a-pair",
    "certs",
    "kubeconfig",
    "etcd",
    "control-plane",
    "kubelet-stopped",
    "kubelet-start",
    "wait-control-plane",
    "upload-config",
    "mark-control-plane",
    "bootstrap-token",
    "kubelet-finalize",
)


@pytest.mark.parametrize("phase", CONTINUED)
def test_cut_init_is_continued(machine: Sandbox, phase: str) -> None:
    stubs.set_state(machine, "cut", phase)
    assert machine.run("control_plane").code == -9
    assert machine.run("control_plane", check_only=True).code == 1
    second = machine.run("control_plane")
    assert (second.code, second.levels) == (0, ["change", "changed", "summary"]), second.log
    assert sum(call.startswith("kubeadm init --config") for call in second.calls) == 1
    assert not any("reset" in call or call.endswith("all ") for call in second.calls)
    assert machine.run("control_plane").levels == ["ok", "summary"]


def test_cut_after_the_last_phase_is_complete(machine: Sandbox) -> None:
    stubs.set_state(machine, "cut", "addon")
    assert machine.run("control_plane").code == -9
    second = machine.run("control_plane")
    assert second.levels == ["ok", "summary"], second.log
    assert not any(call.startswith("kubeadm") for call in second.calls)


def test_certificates_appear_whole(machine: Sandbox) -> None:
    stubs.set_state(machine, "cut", "half-a-pair")
    machine.run("control_plane")
    assert not machine.exists("etc/kubernetes/pki")
    machine.run("control_plane")
    assert machine.read("etc/kubernetes/pki/ca.crt") == "certificate\n"


def test_power_cut_empties_a_kubeconfig(machine: Sandbox) -> None:
    stubs.set_state(machine, "cut", "kubeconfig")
    machine.run("control_plane")
    machine.write("etc/kubernetes/admin.conf", "")
    assert machine.run("control_plane").levels == ["change", "changed", "summary"]
    assert machine.read("etc/kubernetes/admin.conf") == "admin\n"


def test_power_cut_empties_a_manifest(machine: Sandbox) -> None:
    machine.run("control_plane")
    machine.write("etc/kubernetes/manifests/kube-apiserver.yaml", "")
    stubs.clear_state(machine, "api")
    assert machine.run("control_plane").levels == ["change", "changed", "summary"]
    assert machine.read("etc/kubernetes/manifests/kube-apiserver.yaml").startswith("pod\n")


def test_somebody_elses_port_is_not_waived(machine: Sandbox) -> None:
    refusal = r"printf '\t[ERROR Port-6443]: Port 6443 is in use\n' >&2; exit 1"
    certificates = "[[ $2 != phase ]] || { mkdir -p $R/etc/kubernetes/pki.new; exit 0; }"
    machine.stub("kubeadm", stubs.script(machine, f"{certificates}\n[[ $6 != *Port-* ]] || exit 0\n{refusal}"))
    done = machine.run("control_plane")
    assert done.code == 1
    assert "kubeadm init: [Port-6443]: Port 6443 is in use" in done.log


def test_init_fails(machine: Sandbox) -> None:
    stubs.set_state(machine, "no-images")
    done = machine.run("control_plane")
    assert (done.code, done.levels) == (1, ["change", "error"]), done.log
    assert (
        "kubeadm init: [ImagePull]: failed to pull image registry.k8s.io/etcd:3.6.8-0 error execution phase" in done.log
    )
    assert "--v=5" not in machine.read("var/lib/meshstrap/status.json")


def test_boot_waits_for_the_api_and_does_not_init(machine: Sandbox) -> None:
    machine.run("control_plane")
    machine.stub(
        "curl",
        stubs.script(
            machine, "echo x >>$S/tries; [[ $(wc -l <$S/tries) -gt 3 ]] || { echo 'curl: (7) refused' >&2; exit 7; }"
        ),
    )
    done = machine.run("control_plane")
    assert done.levels == ["change", "wait", "changed", "summary"], done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


RESTARTS = '{"msg":"restarting local member","cluster-id":"850b","local-member-id":"9f5f","commit-index":%d}'


def test_etcd_whose_first_start_was_cut_starts_anew(machine: Sandbox) -> None:
    machine.run("control_plane")
    stubs.clear_state(machine, "api")
    machine.write("var/lib/etcd/member/wal/0.tmp", "")
    machine.write("state/etcd-log", RESTARTS % 0 + '\n{"msg":"switched to configuration voters=()"}\n')
    done = machine.run("control_plane")
    assert (done.code, done.levels) == (0, ["change", "change", "changed", "summary"]), done.log
    assert "the first start of etcd was cut short" in done.log
    assert machine.exists("var/lib/etcd/void/wal/0.tmp")
    assert not any(call.startswith("kubeadm") for call in done.calls)
    assert machine.run("control_plane").levels == ["ok", "summary"]


@pytest.mark.parametrize("log", [RESTARTS % 10, RESTARTS % 1, '{"msg":"starting local member"}', ""])
def test_etcd_that_has_ever_stored_anything_is_left_alone(machine: Sandbox, log: str) -> None:
    machine.run("control_plane")
    stubs.clear_state(machine, "api")
    machine.write("var/lib/etcd/member/wal/0.tmp", "")
    machine.write("state/etcd-log", log)
    done = machine.run("control_plane", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75, done.log
    assert machine.exists("var/lib/etcd/member/wal/0.tmp")
    assert not any(call.startswith("crictl stop") for call in done.calls)


def test_etcd_whose_words_cannot_be_read_is_left_alone(machine: Sandbox) -> None:
    machine.run("control_plane")
    stubs.clear_state(machine, "api")
    machine.write("state/etcd-log", RESTARTS % 0)
    stubs.set_state(machine, "no-logs")
    done = machine.run("control_plane", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75, done.log
    assert not any(call.startswith("crictl stop") for call in done.calls)


def test_api_stays_away(machine: Sandbox) -> None:
    machine.run("control_plane")
    machine.stub("curl", "echo 'curl: (7) refused' >&2; exit 7")
    done = machine.run("control_plane", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert "no API server at 100.64.0.1:6443 yet: curl: (7) refused; what to do: sudo crictl" in done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("control_plane")
    stubs.set_state(machine, "etcd-slow")
    done = machine.run("control_plane")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 2): Error from server: etcdserver: request timed out" in done.log


def test_cannot_tell_after_a_boot_is_no_reason_to_init(machine: Sandbox) -> None:
    machine.run("control_plane")
    stubs.set_state(machine, "etcd-slow")
    machine.write("etc/hosts", stubs.HOSTS)
    done = machine.run("control_plane")
    assert (done.code, "cannot tell whether init has finished" in done.log) == (1, True), done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_alias_follows_the_address_and_other_lines_stay(machine: Sandbox) -> None:
    machine.run("control_plane")
    machine.write("etc/hosts", f"100.64.9.9 k8s-api.internal # meshstrap: API\n{stubs.HOSTS}10.0.0.9 nas # mine\n")
    assert machine.run("control_plane").levels == ["change", "changed", "summary"]
    assert machine.read("etc/hosts") == f"{stubs.ALIAS}{stubs.HOSTS}10.0.0.9 nas # mine\n"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, as the nodes do")
def test_ca_cert_hash_is_a_fact(machine: Sandbox, tmp_path: Path) -> None:
    machine.run("control_plane")
    pki = machine.root / "etc/kubernetes/pki"
    key = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=kubernetes -days 1"
    subprocess.run(
        [*shlex.split(key), "-keyout", pki / "ca.key", "-out", pki / "ca.crt"], check=True, capture_output=True
    )
    shutil.copy(pki / "ca.crt", pki / "apiserver-kubelet-client.crt")
    show = ["openssl", "x509", "-in", str(pki / "ca.crt"), "-noout", "-pubkey"]
    public = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256(base64.b64decode("".join(public.splitlines()[1:-1]))).hexdigest()
    (machine.bin / "openssl").unlink()
    (machine.bin / "openssl").symlink_to(str(shutil.which("openssl")))
    spy = tmp_path / "spy.sh"
    spy.write_text('fact() { echo "fact $1=$2" >&2; }\n')
    done = machine.run("control_plane", files=("steps/control_plane/step.sh", str(spy)))
    assert f"fact ca_cert_hash=sha256:{digest}" in done.log.splitlines()


KEY_FILE = "etc/kubernetes/pki/encryption.yaml"


def test_the_key_of_secrets_is_born_once(machine: Sandbox) -> None:
    machine.run("control_plane")
    text = machine.read(KEY_FILE)
    kind, key = text.splitlines()
    assert kind == "kind: EncryptionConfiguration"
    # secretbox takes 32 bytes.
    assert len(base64.b64decode(key.removeprefix("secret: "), validate=True)) == 32
    for name in ("encryption", "audit", "admission"):
        assert (machine.root / f"etc/kubernetes/pki/{name}.yaml").stat().st_mode & 0o777 == 0o600
    stubs.clear_state(machine, "objects")
    machine.write("state/objects", "node/cp1\n")
    assert any(call.startswith("kubeadm init --config") for call in machine.run("control_plane").calls)
    assert machine.read(KEY_FILE) == text


@pytest.mark.parametrize("phase", ["certs", "kubeconfig", "control-plane"])
def test_the_key_of_an_init_that_was_cut_is_that_of_the_next(machine: Sandbox, phase: str) -> None:
    stubs.set_state(machine, "cut", phase)
    machine.run("control_plane")
    before = machine.read(KEY_FILE) if machine.exists(KEY_FILE) else ""
    assert (before == "") == (phase == "certs")
    machine.run("control_plane")
    assert before in ("", machine.read(KEY_FILE))


def test_a_lost_key_is_never_made_anew(machine: Sandbox) -> None:
    machine.run("control_plane")
    (machine.root / KEY_FILE).unlink()
    stubs.clear_state(machine, "api")
    done = machine.run("control_plane")
    assert (done.code, done.levels) == (75, ["change", "wait"]), done.log
    assert "encryption.yaml is missing or empty; what to do: restore it and " in done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)
    assert not machine.exists(KEY_FILE)


def test_a_cluster_that_has_lived_says_that_its_key_is_lost(machine: Sandbox) -> None:
    machine.run("control_plane")
    machine.write("var/lib/meshstrap/cilium.tgz", "")
    (machine.root / KEY_FILE).unlink()
    stubs.clear_state(machine, "api")
    done = machine.run("control_plane")
    assert done.code == 75, done.log
    assert "this cluster has data and is not initialised again" in done.log
    assert "encryption.yaml is missing or empty" in done.log
    assert not machine.exists(KEY_FILE)


def test_an_init_that_was_cut_and_left_data_without_a_key_says_how_to_begin_empty(machine: Sandbox) -> None:
    """As an older script, which made no key, leaves it: no cluster has lived here yet."""
    machine.run("control_plane")
    (machine.root / KEY_FILE).unlink()
    machine.write("etc/kubernetes/manifests/kube-apiserver.yaml", "pod\n")
    machine.write("state/objects", "")
    done = machine.run("control_plane")
    assert done.code == 75, done.log
    assert "this cluster has data and is not initialised again: node cp1 is not registered" in done.log
    assert "to lose it and begin anew: kubeadm reset; rm -f " in done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_a_cluster_that_was_made_without_a_key_needs_none(machine: Sandbox) -> None:
    machine.run("control_plane")
    (machine.root / KEY_FILE).unlink()
    machine.write("etc/kubernetes/manifests/kube-apiserver.yaml", "pod\n")
    machine.write("etc/hosts", stubs.HOSTS)
    done = machine.run("control_plane")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert not machine.exists(KEY_FILE)
