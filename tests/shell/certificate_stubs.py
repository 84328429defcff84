"""Real certificates of a control plane that lives, and a kubeadm, crictl and kubectl that renew and restart them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from . import kubernetes_stubs as stubs
from .control_plane_stubs import KUBECTL, make_control_plane
from .sandbox import Sandbox

DAY = 86400
# What kubeadm renews, and from which CA; the kubeconfigs hold theirs inside.
LEAVES = {
    "apiserver": "ca",
    "apiserver-kubelet-client": "ca",
    "apiserver-etcd-client": "etcd/ca",
    "etcd/server": "etcd/ca",
    "front-proxy-client": "front-proxy-ca",
}
KUBECONFIGS = ("admin", "controller-manager", "scheduler")
RESTARTED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

# As kubeadm does it: key by key, in the folder that it takes for /etc/kubernetes, without what its upgrades have left.
# `cut` names where the power goes.
KUBEADM = r"""
[[ $* == "certs renew all" ]] || exit 98
K=$(cat $S/mounted) || exit 97
[[ -e $K/manifests && ! -e $K/tmp ]] || exit 96
[[ ! -e $S/refuse ]] || { echo 'error: failed to load existing certificate apiserver' >&2; exit 1; }
for pair in LEAVES; do
  leaf=$K/pki/${pair%=*} ca=$K/pki/${pair#*=}
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=renewed" -keyout $leaf.key \
    -out $S/request
  if [[ $(cat $S/cut 2>/dev/null) == "${pair%=*}" ]]; then rm $S/cut; kill -KILL $(cat $S/script); exit 137; fi
  openssl x509 -req -in $S/request -CA $ca.crt -CAkey $ca.key -set_serial 2 -days 365 -out $leaf.crt
done 2>/dev/null
for name in KUBECONFIGS; do echo "$name renewed" >$K/$name.conf; done
echo 'Done renewing certificates.'
"""

# The kubelet starts the next container as soon as one stops, unless state/stays-away names its part.
CRICTL = r"""
case $* in
  "ps --quiet --state running --name ^etcd$") ;;
  "ps --quiet --label io.kubernetes.pod.name="*-cp1) name=${4#*pod.name=}
    cat $S/running-${name%-cp1} 2>/dev/null || true ;;
  "stop --timeout 30 "*)
    name=${4%.*}; echo "$4" >>$S/stopped; mv $S/running-$name $S/stopped-$name
    [[ $(cat $S/cut 2>/dev/null) != "$name" ]] || { rm $S/cut; kill -KILL $(cat $S/script); exit 137; }
    [[ $(cat $S/stays-away 2>/dev/null) == "$name" ]] || echo "$name.$((${4#*.} + 1))" >$S/running-$name ;;
  *) exit 97 ;;
esac
"""

# The kubelet's word on a static pod, which the API knows while it and etcd run. With state/lags it comes late, and
# tells once more of the container that has been stopped.
KUBECTL_PODS = r"""
  "get --namespace kube-system pod/"*"-cp1 --output jsonpath="*)
    part=${4#pod/} part=${part%-cp1}
    for needed in etcd kube-apiserver; do
      [[ -s $S/running-$needed ]] || { echo "The connection to the server was refused: $needed" >&2; exit 1; }
    done
    if [[ -e $S/lags && -e $S/stopped-$part ]]; then
      echo "True containerd://$(cat $S/stopped-$part)"; rm $S/stopped-$part
    elif [[ -s $S/running-$part ]]; then
      echo "True containerd://$(cat $S/running-$part)"
    else
      echo "False containerd://$part.dead"
    fi ;;
"""


def openssl(*words: str | Path) -> str:
    """Run the real one."""
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True).stdout


def certify(pki: Path, leaf: str, ca: str, days: int) -> None:
    """A pair of key and certificate that ends in so many days."""
    key, request = pki / f"{leaf}.key", pki.parent / "request"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={leaf.replace('/', '-')}")
    if leaf == ca:
        openssl("req", "-x509", *kind, "-days", "3650", "-keyout", key, "-out", pki / f"{leaf}.crt")
        return
    openssl("req", *kind, "-keyout", key, "-out", request)
    signs = ("-CA", pki / f"{ca}.crt", "-CAkey", pki / f"{ca}.key", "-set_serial", "1")
    openssl("x509", "-req", "-in", request, *signs, "-days", str(days), "-out", pki / f"{leaf}.crt")
    request.unlink()


def living(machine: Sandbox, *, days: int, age: int) -> Sandbox:
    """A control plane whose certificates were made ``age`` days ago and end in ``days``."""
    make_control_plane(machine)
    machine.run("control_plane")
    machine.write("var/lib/meshstrap/cilium.tgz", "chart")
    pki = machine.root / "etc/kubernetes/pki"
    for name in (*LEAVES.values(), *LEAVES):
        certify(pki, name, LEAVES.get(name, name), days)
    for name in KUBECONFIGS:
        machine.write(f"etc/kubernetes/{name}.conf", f"{name} of old\n", 0o600)
    made = time.time() - age * DAY
    for path in pki.rglob("*.*"):
        os.utime(path, (made, made))
    for name in RESTARTED:
        machine.write(f"state/running-{name}", f"{name}.1\n")
    machine.write("etc/kubernetes/tmp/kubeadm-backup-etcd-2026-06-06/etcd/member/wal/0", "large")
    stub_renewal(machine)
    return machine


def stub_renewal(machine: Sandbox) -> None:
    """Commands that renew, mount and restart. Whoever calls unshare is the script."""
    leaves = " ".join(f"{leaf}={ca}" for leaf, ca in LEAVES.items())
    kubeadm = KUBEADM.replace("LEAVES", leaves).replace("KUBECONFIGS", " ".join(KUBECONFIGS))
    (machine.bin / "openssl").unlink()
    (machine.bin / "openssl").symlink_to(str(shutil.which("openssl")))
    machine.stub("kubeadm", stubs.script(machine, kubeadm))
    machine.stub("crictl", stubs.script(machine, CRICTL))
    stubs.stub_kubectl(machine, KUBECTL + KUBECTL_PODS)
    machine.stub(
        "unshare",
        stubs.script(
            machine, '[[ "$1 $2" == "--mount sh" ]] || exit 95; shift 2; bash "$@"; code=$?; rm $S/mounted; exit $code'
        ),
    )
    machine.stub(
        "mount", stubs.script(machine, '[[ "$1 $3" == "--bind $R/etc/kubernetes" ]] || exit 94; echo "$2" >$S/mounted')
    )
