"""What a host is asked about the cluster: its kubelet, and on a control plane the API, etcd and Cilium's release."""

from __future__ import annotations

from meshstrap.fleet.question import Question
from meshstrap.plan.hosts import names

_API = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=15s get --raw"
_SYSTEM = "/api/v1/namespaces/kube-system"
_ETCD = "/etc/kubernetes/pki/etcd"
_STATUS = "curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}'"

# Of a Secret only what is no secret leaves the host.
_EXPIRY = (
    "python3 -c 'import base64, json, sys; "
    '[print(item["metadata"]["name"], base64.b64decode(item["data"].get("expiration", "")).decode()) '
    'for item in json.load(sys.stdin)["items"]]\''
)
# Helm keeps a release as gzip in base64, in a Secret, which is base64 again.
_RELEASE = r"""python3 -c '
import base64, gzip, json, sys
found = [(int(item["metadata"]["labels"]["version"]), item) for item in json.load(sys.stdin)["items"]]
if not found:
    sys.exit(3)
packed = max(found, key=lambda one: one[0])[1]["data"]["release"]
release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(packed))))
print(json.dumps({
    "version": release["chart"]["metadata"]["version"],
    "status": release["info"]["status"],
    "values": release.get("config") or {},
}))'"""
_CERTIFICATES = r"""
show() { printf '%s %s\n' "$1" "$(openssl x509 -noout -enddate)"; }
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do show "$f" <"$f" || exit 3; done
for f in admin controller-manager scheduler; do
  f=/etc/kubernetes/$f.conf
  sed -n 's/^ *client-certificate-data: //p' "$f" | base64 -d | show "$f" || exit 3
done"""
# Pods with a network of their own, as CNI names their namespaces; those of dead pods linger at times.
_PODS = "pods=$(ls /run/netns 2>/dev/null | grep ^cni- | head -n 3); [[ -n $pods ]] || exit 3"

COMMANDS = (
    Question("kubelet", "ps -ww -C kubelet -o args=", codes=(0, 1)),
    Question("kube_proxy", "ps -C kube-proxy -o pid=", codes=(0, 1)),
    Question(
        "own_node",
        'kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=15s get --raw "/api/v1/nodes/$(uname -n)"',
    ),
    Question("kubelet_certificate", "openssl x509 -noout -enddate -in /var/lib/kubelet/pki/kubelet-client-current.pem"),
    # curl's own: 7 refused, 28 no answer in time.
    Question("kubelet_anonymous", f"{_STATUS} https://127.0.0.1:10250/pods", codes=(0, 7, 28)),
    Question("api_ready", f"{_API} '/readyz?verbose' 2>&1", codes=(0, 1)),
    Question("api_version", f"{_API} /version"),
    Question("api_anonymous", f"{_STATUS} https://127.0.0.1:6443{_SYSTEM}/secrets", codes=(0, 7, 28)),
    Question(
        "etcd",
        f"curl --silent --show-error --max-time 10 --cacert {_ETCD}/ca.crt --cert {_ETCD}/healthcheck-client.crt "
        f"--key {_ETCD}/healthcheck-client.key https://127.0.0.1:2379/health 2>&1",
        codes=(0, 7, 28),
    ),
    Question("certificates", _CERTIFICATES),
    Question(
        "ca_hash",
        "set -o pipefail; openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -pubkey | "
        "openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1",
    ),
    Question("cluster_configuration", f"{_API} {_SYSTEM}/configmaps/kubeadm-config"),
    Question(
        "tokens",
        f"set -o pipefail; {_API} '{_SYSTEM}/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken' | {_EXPIRY}",
    ),
    Question(
        "cilium_release",
        f"set -o pipefail; {_API} '{_SYSTEM}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dcilium' | {_RELEASE}",
        codes=(0, 3),
    ),
    Question("cilium_told", f"{_API} {_SYSTEM}/configmaps/cilium-config"),
    Question("policies", f"{_API} /apis/cilium.io/v2/ciliumclusterwidenetworkpolicies"),
    Question(
        "cilium_agent",
        "id=$(crictl --timeout 10s ps --name '^cilium-agent$' --state running --quiet) || exit 1; "
        "[[ -n $id ]] || { echo 'no container cilium-agent runs here' >&2; exit 3; }; "
        'crictl --timeout 10s exec "${id%%[[:space:]]*}" cilium-dbg status --output json',
        codes=(0, 3),
    ),
    Question(
        "pod_routes",
        f"{_PODS}; for p in $pods; do nsenter --net=/run/netns/$p ip -4 route show default; done; exit 0",
        codes=(0, 3),
    ),
    Question(
        "own_kubelet",
        f"{_PODS}; node=$(ip -4 -oneline address show dev {names.TAILNET_DEVICE} | "
        "sed -E 's/.*inet ([0-9.]+).*/\\1/'); "
        f"for p in $pods; do nsenter --net=/run/netns/$p {_STATUS} https://$node:10250/healthz; echo; done; exit 0",
        codes=(0, 3),
    ),
)
