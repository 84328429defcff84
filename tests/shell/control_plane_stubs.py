"""A control plane for tests, with a kubeadm that can be killed after each of its phases."""

from __future__ import annotations

from .kubernetes_stubs import HOSTS, script, stub_kubectl, stub_systemctl, stub_tailnet
from .sandbox import Sandbox

KUBEADM_CONFIG = """apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: __TAILNET_ADDRESS__}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3"""

PARTS = "etcd kube-apiserver kube-controller-manager kube-scheduler"

# The phases in kubeadm's order, each leaving what it really leaves. `cut` dies like a power cut after the phase that
# state/cut names, and takes the script with it; preflight complains of everything that was not waived by name.
KUBEADM = r"""
K=$R/etc/kubernetes
cut() { if [[ $(cat $S/cut 2>/dev/null) == "$1" ]]; then rm $S/cut; kill -KILL $PPID; exit 137; fi; }
certificates() {
  mkdir -p $1/etcd; echo key >$1/ca.key; cut half-a-pair; echo certificate >$1/ca.crt
  echo certificate >$1/apiserver-kubelet-client.crt; cut certs
}
if [[ "$1 $2 $3 $4" == "init phase certs all" ]]; then
  certificates "$(sed -n 's/^certificatesDir: //p' "$6")"
  exit
fi
[[ $1 == init && $2 == --config && $4 == --skip-token-print && $5 == --ignore-preflight-errors ]] || exit 98
cp "$3" $S/config
complain() {
  [[ ,$waived, != *",$1,"* ]] || return 0
  printf '\t[ERROR %s]: %s\n' "$1" "$2" >&2; failed=1
}
waived=$6 failed=0
for part in PARTS; do
  [[ ! -e $K/manifests/$part.yaml ]] ||
    complain "FileAvailable--etc-kubernetes-manifests-$part.yaml" "/etc/kubernetes/manifests/$part.yaml already exists"
done
if [[ -e $S/kubelet && -s $K/manifests/kube-apiserver.yaml ]]; then
  for port in 6443 10257 10259 2379 2380 10250; do complain Port-$port "Port $port is in use"; done
  complain DirAvailable--var-lib-etcd '/var/lib/etcd is not empty'
fi
[[ ! -e $S/no-images ]] || complain ImagePull 'failed to pull image registry.k8s.io/etcd:3.6.8-0'
if ((failed)); then
  echo 'error: error execution phase preflight: preflight checks failed' >&2
  echo 'To see the stack trace of this error execute with --v=5 or higher' >&2
  exit 1
fi
[[ -e $K/pki/ca.crt ]] || certificates $K/pki
for name in admin kubelet; do
  if [[ -e $K/$name.conf && ! -s $K/$name.conf ]]; then
    echo "error: error execution phase kubeconfig/$name: failed to find CurrentContext" >&2; exit 1
  fi
  [[ $name != kubelet || ! -e $S/torn ]] || : >$K/admin.conf
  [[ -e $K/$name.conf ]] || echo $name >$K/$name.conf
done
cut kubeconfig
mkdir -p $K/manifests
echo pod >$K/manifests/etcd.yaml; cut etcd
for part in PARTS; do echo pod >$K/manifests/$part.yaml; done
echo '- --encryption-provider-config=/etc/kubernetes/pki/encryption.yaml' >>$K/manifests/kube-apiserver.yaml
cut control-plane
mkdir -p $R/var/lib/kubelet; rm -f $S/kubelet; echo config >$R/var/lib/kubelet/config.yaml; cut kubelet-stopped
touch $S/kubelet $S/api; mkdir -p $R/var/lib/etcd/member/wal; cut kubelet-start
touch $S/rights; echo node/cp1 >$S/objects; cut wait-control-plane
cut upload-config; cut mark-control-plane; cut bootstrap-token; cut kubelet-finalize
echo service/kube-dns >>$S/objects; cut addon
""".replace("PARTS", PARTS)

KUBECTL = r"""
  "get --namespace kube-system --ignore-not-found --output name node/cp1 service/kube-dns")
    [[ -e $S/rights ]] || { echo 'Error from server (Forbidden): nodes "cp1" is forbidden' >&2; exit 1; }
    [[ ! -e $S/etcd-slow ]] || { echo 'Error from server: etcdserver: request timed out' >&2; exit 1; }
    cat $S/objects ;;
  "apply --filename -")
    cat >$S/applied
    [[ ! -e $S/refuse ]] || { echo 'error: the server is busy' >&2; exit 1; }
    echo 'secret/bootstrap-token-abcdef created' ;;
"""

# One container, etcd's: what it has said is in state/etcd-log, and it is running while that is there. Stopped, it comes
# back as another one: it is void as long as there is a member's folder.
CRICTL = r"""
case $* in
  "ps --quiet --state running --name ^etcd$") [[ ! -e $S/etcd-log ]] || echo etcd1 ;;
  "logs etcd1") [[ ! -e $S/no-logs ]] || { echo 'log file not found' >&2; exit 1; }; cat $S/etcd-log >&2 ;;
  "stop etcd1") [[ -e $R/var/lib/etcd/member ]] || touch $S/api; rm $S/etcd-log; echo etcd1 ;;
  *) exit 97 ;;
esac
"""


def make_control_plane(sandbox: Sandbox) -> Sandbox:
    """A control plane on which every step before has run."""
    sandbox.header |= {
        "NODE_NAME": "cp1",
        "NODE_ROLE": "control-plane",
        "STEPS": ("control_plane",),
        "KUBEADM_CONFIG": KUBEADM_CONFIG,
        "KUBELET_PATCH": "",
        "AUDIT_POLICY": "kind: Policy",
        "ADMISSION": "kind: AdmissionConfiguration",
        "ENCRYPTION": "kind: EncryptionConfiguration\nsecret: KEY",
    }
    sandbox.write("etc/hosts", HOSTS)
    sandbox.write("etc/kubernetes/manifests/.keep", "")
    stub_tailnet(sandbox)
    stub_systemctl(sandbox)
    stub_kubectl(sandbox, KUBECTL)
    sandbox.stub("kubeadm", script(sandbox, KUBEADM))
    sandbox.stub("crictl", script(sandbox, CRICTL))
    sandbox.stub("journalctl", "echo 'run.go:72] command failed: bootstrap client certificate is expired'")
    sandbox.stub("sync")
    # Certificates that do not end, and a CA whose key is its own hash.
    sandbox.stub("openssl", "[[ $* == *-checkend* ]] || cat")
    answers = "[[ -e $S/api && -e $S/kubelet ]] || { echo 'curl: (7) Failed to connect' >&2; exit 7; }"
    sandbox.stub("curl", script(sandbox, answers))
    return sandbox
