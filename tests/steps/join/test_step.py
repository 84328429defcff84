"""A worker's join: what it waits for, what an unfinished one leaves behind, and tokens that are no good."""

from __future__ import annotations

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Outcome, Sandbox

TOKEN = "abcdef.0123456789abcdef"
TOKEN_FILE = "etc/meshstrap/secrets/bootstrap_token"
KUBEADM_CONFIG = """apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: {bootstrapToken: {token: __BOOTSTRAP_TOKEN__}}
nodeRegistration: {kubeletExtraArgs: [{name: node-ip, value: __TAILNET_ADDRESS__}]}"""

KUBEADM = r"""
K=$R/etc/kubernetes
[[ "$1 $2" == "join --config" && $# == 3 ]] || exit 98
cp "$3" $S/config; stat -c %a "$3" >$S/mode
cut() { if [[ $(cat $S/cut 2>/dev/null) == "$1" ]]; then rm $S/cut; kill -KILL $PPID; exit 137; fi; }
trouble() {
  printf 'error: error execution phase %s\n' "$1" >&2
  echo 'To see the stack trace of this error execute with --v=5 or higher' >&2
  exit 1
}
for file in kubelet.conf bootstrap-kubelet.conf pki/ca.crt; do
  if [[ -e $K/$file ]]; then
    printf '\t[ERROR FileAvailable--etc-kubernetes-%s]: /etc/kubernetes/%s already exists\n' ${file//\//-} $file >&2
    trouble 'preflight: preflight checks failed'
  fi
done
[[ ! -e $S/kubelet ]] || { printf '\t[ERROR Port-10250]: Port 10250 is in use\n' >&2; trouble preflight; }
mkdir -p $K/pki
echo bootstrap >$K/bootstrap-kubelet.conf; cut bootstrap
echo certificate >$K/pki/ca.crt; cut ca
[[ ! -e $S/twin ]] ||
  trouble 'kubelet-start: a Node with name "w1" and status "Ready" already exists in the cluster. You must delete it'
touch $S/kubelet; cut started
echo kubelet >$K/kubelet.conf; cut bootstrapped
rm $K/bootstrap-kubelet.conf
"""

CURL = r"""
[[ -e $S/api ]] || { echo 'curl: (7) Failed to connect to 100.64.0.1 port 6443' >&2; exit 7; }
case ${*: -1} in
  https://100.64.0.1:6443/livez) ;;
  https://100.64.0.1:6443/version)
    [[ -e $S/version ]] || { echo 'curl: (22) The requested URL returned error: 403' >&2; exit 22; }
    printf '{\n  "major": "1",\n  "gitVersion": "v%s",\n  "goVersion": "go1.26"\n}' "$(cat $S/version)" ;;
  https://100.64.0.1:6443/api/v1/namespaces/kube-public/configmaps/cluster-info)
    [[ ! -e $S/young ]] || { rm $S/young; echo 'curl: (22) The requested URL returned error: 403' >&2; exit 22; }
    printf '{"data": {"kubeconfig": "...", "jws-kubeconfig-%s": "eyJhbGciOi..x"},' "$(cat $S/known)"
    echo '"metadata": {"managedFields": [{"fieldsV1": {"f:data": {"f:jws-kubeconfig-fedcba": {}}}}]}}' ;;
  *) exit 98 ;;
esac"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A worker whose control plane is up and knows its token."""
    sandbox.header |= {
        "STEPS": ("join",),
        "KUBERNETES_VERSION": "1.37.2",
        "KUBEADM_CONFIG": KUBEADM_CONFIG,
        "KUBELET_PATCH": "",
        "TAILNET_TAGS": ("tag:k8s-node",),
    }
    sandbox.write("etc/hosts", stubs.HOSTS)
    sandbox.write("etc/kubernetes/manifests/.keep", "")
    sandbox.write(TOKEN_FILE, TOKEN + "\n", 0o600)
    stubs.stub_tailnet(sandbox, stubs.peer(), own=stubs.OWN_ADDRESS)
    stubs.stub_systemctl(sandbox)
    sandbox.stub("kubeadm", stubs.script(sandbox, KUBEADM))
    sandbox.stub("curl", stubs.script(sandbox, CURL))
    sandbox.stub("sync")
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "known", "abcdef")
    return sandbox


def impatient(machine: Sandbox) -> Outcome:
    """A run that gives up at once on what it would wait for."""
    return machine.run("join", environment={"WAIT_LIMIT": "0"})


def test_new_machine(machine: Sandbox) -> None:
    first = machine.run("join")
    assert (first.code, first.levels) == (0, ["change", "changed", "summary"]), first.log
    assert machine.read("etc/hosts") == stubs.ALIAS + stubs.HOSTS
    assert f"token: {TOKEN}" in machine.read("state/config")
    assert "value: 100.64.0.2" in machine.read("state/config")
    assert machine.read("state/mode") == "600\n"
    assert not machine.exists(TOKEN_FILE)
    assert not machine.exists("run/meshstrap/kubeadm.yaml")
    second = machine.run("join")
    assert (second.code, second.levels) == (0, ["ok", "summary"]), second.log
    assert [call.split()[:2] for call in second.calls] == [["systemctl", "show"], ["tailscale", "status"]]
    assert machine.run("join", check_only=True).code == 0


def test_the_token_is_in_no_argument_and_no_log(machine: Sandbox) -> None:
    done = machine.run("join")
    assert "0123456789abcdef" not in done.log + "".join(done.calls) + machine.read("var/lib/meshstrap/status.json")


@pytest.mark.parametrize("moment", ["bootstrap", "ca", "started", "bootstrapped"])
def test_cut_join_is_continued(machine: Sandbox, moment: str) -> None:
    stubs.set_state(machine, "cut", moment)
    assert machine.run("join").code == -9
    assert machine.run("join", check_only=True).code == 1
    second = machine.run("join")
    assert (second.code, second.levels) == (0, ["change", "changed", "summary"]), second.log
    assert sum(call.startswith("kubeadm join") for call in second.calls) == (moment != "bootstrapped")
    assert not machine.exists("etc/kubernetes/bootstrap-kubelet.conf")
    assert not machine.exists(TOKEN_FILE)
    assert machine.run("join").levels == ["ok", "summary"]


def test_the_kubelet_may_finish_a_cut_join_by_itself(machine: Sandbox) -> None:
    stubs.set_state(machine, "cut", "started")
    machine.run("join")
    stubs.set_state(machine, "finish-on-stop")
    done = machine.run("join")
    assert done.levels == ["change", "changed", "summary"], done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_power_cut_empties_the_kubeconfig(machine: Sandbox) -> None:
    machine.write("etc/kubernetes/kubelet.conf", "")
    machine.write("etc/kubernetes/pki/ca.crt", "")
    assert machine.run("join").levels == ["change", "changed", "summary"]


def test_a_machine_that_was_off_for_a_year_joins_again(machine: Sandbox) -> None:
    machine.run("join")
    certificate = machine.root / "var/lib/kubelet/pki/kubelet-client-current.pem"
    machine.stub(
        "openssl",
        f"[[ $* == 'x509 -in {certificate} -noout -checkend 0' ]] || exit 98\necho 'Certificate will expire'; exit 1",
    )
    done = machine.run("join")
    assert (done.code, done.levels) == (75, ["change", "wait"]), done.log
    assert f"here: sudo rm {machine.root}/etc/kubernetes/kubelet.conf; on cp1: sudo kubeadm token create" in done.log
    assert machine.exists("etc/kubernetes/kubelet.conf")
    (machine.root / "etc/kubernetes/kubelet.conf").unlink()
    machine.write(TOKEN_FILE, TOKEN + "\n", 0o600)
    stubs.clear_state(machine, "kubelet")
    machine.stub("openssl", "echo 'Certificate will not expire'")
    assert machine.run("join").levels == ["change", "changed", "summary"]


@pytest.mark.parametrize(
    ("server", "is_ours"),
    [("k8s-api.internal", True), ("100.64.0.1", True), ("other.internal", False), ("xk8s-api.internal", False)],
)
def test_another_name_of_the_api_than_the_clusters_changes_nothing(
    machine: Sandbox, server: str, is_ours: bool
) -> None:
    machine.run("join")
    machine.write("etc/kubernetes/kubelet.conf", f"    server: https://{server}:6443\n")
    machine.write("etc/hosts", stubs.HOSTS)
    done = machine.run("join")
    assert done.code == (0 if is_ours else 1), done.log
    assert machine.read("etc/hosts") == (stubs.ALIAS if is_ours else "") + stubs.HOSTS
    assert ("this cluster's API is not called k8s-api.internal" in done.log) != is_ours
    assert is_ours or "set api_endpoint back in cluster.yaml" in machine.read("var/lib/meshstrap/status.json")


@pytest.mark.parametrize(
    ("theirs", "joins"),
    [("1.37.0", True), ("1.38.1", True), ("1.37.0-rc.1", True), ("1.36.9", False), ("1.9.0", False)],
)
def test_a_kubelet_that_is_ahead_of_its_api_server_does_not_join(machine: Sandbox, theirs: str, joins: bool) -> None:
    stubs.set_state(machine, "version", theirs)
    done = machine.run("join")
    assert done.code == (0 if joins else 1), done.log
    assert any(call.startswith("kubeadm join") for call in done.calls) == joins
    assert (f"this node has Kubernetes 1.37.2, and the cluster only {theirs}" in done.log) != joins


def test_kubeadm_fails(machine: Sandbox) -> None:
    machine.stub(
        "kubeadm", "echo 'error: error execution phase preflight: couldn'\"'\"'t validate the identity' >&2; exit 1"
    )
    done = machine.run("join")
    assert (done.code, done.levels) == (1, ["change", "error"])
    assert "kubeadm join: error execution phase preflight: couldn't validate the identity" in done.log
    assert machine.exists(TOKEN_FILE)


def test_a_twin_is_ready(machine: Sandbox) -> None:
    stubs.set_state(machine, "twin")
    done = machine.run("join")
    assert done.code == 75
    assert "already exists in the cluster" in done.log
    assert "on cp1: kubectl delete node w1" in done.log
    stubs.clear_state(machine, "twin")
    assert machine.run("join").levels == ["change", "changed", "summary"]


def test_control_plane_not_in_the_tailnet(machine: Sandbox) -> None:
    stubs.stub_tailnet(machine, stubs.peer("w7"), own=stubs.OWN_ADDRESS)
    done = impatient(machine)
    assert done.code == 75
    assert "no control plane cp1 in the tailnet yet: no machine named cp1 with tag:k8s-node in the tailnet" in done.log
    assert "create cp1 with its user-data; this node then goes on by itself" in done.log
    assert '"state":"waiting"' in machine.read("var/lib/meshstrap/status.json")


def test_api_down(machine: Sandbox) -> None:
    stubs.clear_state(machine, "api")
    done = impatient(machine)
    assert done.code == 75
    assert "no API server of cp1 at 100.64.0.1:6443 yet: curl: (7)" in done.log
    assert not any(call.startswith(("kubeadm", "systemctl stop")) for call in done.calls)


def test_young_control_plane_is_waited_for(machine: Sandbox) -> None:
    stubs.set_state(machine, "young")
    done = machine.run("join")
    assert done.levels == ["change", "wait", "changed", "summary"], done.log


@pytest.mark.parametrize("known", ["", "fedcba"])
def test_token_expired(machine: Sandbox, known: str) -> None:
    stubs.set_state(machine, "known", known)
    done = impatient(machine)
    assert done.code == 75
    assert "no signature for bootstrap token abcdef (expired, or of another cluster?) yet" in done.log
    assert (
        "on cp1: sudo kubeadm token create --ttl 2h; here: sudo sh -c 'umask 077; cat >/etc/meshstrap/secrets/"
        in done.log
    )
    assert not any(call.startswith(("kubeadm", "systemctl stop")) for call in done.calls)
    assert machine.exists(TOKEN_FILE)


@pytest.mark.parametrize("text", [None, "", "Abcdef.0123456789abcdef\n", "abcdef.0123456789abcde-secret\n"])
def test_no_token(machine: Sandbox, text: str | None) -> None:
    if text is None:
        (machine.root / TOKEN_FILE).unlink()
    else:
        machine.write(TOKEN_FILE, text, 0o600)
    done = machine.run("join")
    assert done.code == 75
    assert "this node has no bootstrap token; what to do: on cp1: sudo kubeadm token create" in done.log
    assert "0123456789" not in done.log
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_joined_nodes_need_no_control_plane(machine: Sandbox) -> None:
    machine.run("join")
    stubs.clear_state(machine, "api")
    assert machine.run("join").levels == ["ok", "summary"]


def test_control_plane_has_moved(machine: Sandbox) -> None:
    machine.run("join")
    stubs.clear_state(machine, "api")
    machine.write("etc/hosts", f"100.64.0.9 k8s-api.internal # meshstrap: API\n{stubs.HOSTS}")
    done = machine.run("join")
    assert done.levels == ["change", "changed", "summary"], done.log
    assert machine.read("etc/hosts") == stubs.ALIAS + stubs.HOSTS
    assert not any(call.startswith(("kubeadm", "curl", "systemctl stop")) for call in done.calls)


def test_kubelet_down(machine: Sandbox) -> None:
    machine.run("join")
    stubs.clear_state(machine, "kubelet")
    assert machine.run("join").levels == ["change", "changed", "summary"]
    stubs.clear_state(machine, "kubelet")
    stubs.set_state(machine, "kubelet-broken")
    done = impatient(machine)
    assert (done.code, "no running kubelet yet" in done.log) == (75, True), done.log


def test_tailscale_does_not_answer(machine: Sandbox) -> None:
    machine.run("join")
    machine.stub("tailscale", "echo 'failed to connect to local tailscaled' >&2; exit 1")
    assert machine.run("join", check_only=True).code == 1
    done = impatient(machine)
    assert (done.code, "tailscaled does not answer" in done.log) == (75, True), done.log
    assert not any(call.startswith(("kubeadm", "systemctl st")) for call in done.calls)
    assert machine.read("etc/hosts") == stubs.ALIAS + stubs.HOSTS


def test_hosts_file_cannot_be_read(machine: Sandbox) -> None:
    (machine.root / "etc/hosts").unlink()
    done = machine.run("join")
    assert (done.code, done.levels) == (1, ["change", "error"]), done.log
    assert not machine.exists("etc/hosts")
    assert not any(call.startswith("kubeadm") for call in done.calls)
