"""Stand-ins for the cluster's commands, with what they really print; their state is files below ``state/``.

The texts are those of kubeadm 1.36.3, kubectl 1.36 and Helm 4.3.1.
"""

from __future__ import annotations

import json
import shlex

from .sandbox import Sandbox
from .service_stubs import SHOWN

ADDRESS = "100.64.0.1"
OWN_ADDRESS = "100.64.0.2"
HOSTS = "127.0.0.1 localhost\n127.0.1.1 cp1\n"
ALIAS = f"{ADDRESS} k8s-api.internal # meshstrap: API\n"


def set_state(sandbox: Sandbox, name: str, text: str = "yes") -> None:
    """Make something so on the machine; ``is_state`` in stubs reads it."""
    sandbox.write(f"state/{name}", text)


def clear_state(sandbox: Sandbox, name: str) -> None:
    """Make it not so."""
    (sandbox.root / "state" / name).unlink(missing_ok=True)


def script(sandbox: Sandbox, text: str) -> str:
    """A stub's body, with the machine's root and its state folder in ``$R`` and ``$S``."""
    return f"R={shlex.quote(str(sandbox.root))}; S=$R/state; mkdir -p $S\n{text}"


def peer(name: str = "cp1", **told: object) -> dict[str, object]:
    """Another machine, as ``tailscale status --json`` of 1.102 tells of it."""
    first: dict[str, object] = {
        "HostName": name,
        "DNSName": f"{name}.tail.test.",
        "TailscaleIPs": [ADDRESS, "fd7a:115c:a1e0::1"],
        "Tags": ["tag:k8s-node"],
        "Online": True,
    }
    return first | told


def stub_tailnet(
    sandbox: Sandbox, *peers: dict[str, object], own: str = ADDRESS, health: str = "", magic_dns: bool = True
) -> None:
    """tailscale0 with an address, and these other machines in the tailnet."""
    sandbox.stub("ip", f"echo '4: tailscale0    inet {own}/32 scope global tailscale0'")
    status = {
        "BackendState": "Running",
        "Self": {"HostName": "w1", "DNSName": "w1.tail.test." if magic_dns else "", "TailscaleIPs": [own]},
        "Health": [health] if health else [],
        "Peer": {f"nodekey:{number}": told for number, told in enumerate(peers)} or None,
    }
    sandbox.write("state/tailscale", json.dumps(status))
    sandbox.stub("tailscale", script(sandbox, "cat $S/tailscale"))


def stub_systemctl(sandbox: Sandbox) -> None:
    """One unit that matters: kubelet."""
    sandbox.stub(
        "systemctl",
        script(
            sandbox,
            SHOWN
            + """
case $* in
  "is-active kubelet")
    [[ ! -e $S/kubelet ]] || { echo active; exit; }
    cat $S/kubelet-is 2>/dev/null || echo activating
    exit 3 ;;
  "start --no-block kubelet") [[ -e $S/kubelet-broken ]] || touch $S/kubelet ;;
  "stop kubelet") rm -f $S/kubelet; [[ ! -e $S/finish-on-stop ]] || echo conf >$R/etc/kubernetes/kubelet.conf ;;
  show*kubelet)
    [[ -e $S/kubelet ]] || { shown activating enabled; exit; }
    STARTED=$(date -d "$(cat $S/kubelet)" +%s) && shown active enabled ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac""",
        ),
    )


def stub_kubectl(sandbox: Sandbox, cases: str) -> None:
    """kubectl after its two global flags; ``cases`` are the branches of a case on the rest."""
    body = f"""
shift; shift; shift
[[ -e $S/api ]] || {{ echo 'The connection to the server k8s-api.internal:6443 was refused' >&2; exit 1; }}
case $* in
{cases}
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac"""
    sandbox.stub("kubectl", script(sandbox, body))
