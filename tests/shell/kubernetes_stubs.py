"""Stand-ins for the cluster's commands, with what they really print; their state is files below ``state/``.

The texts are those of kubeadm 1.36.3, kubectl 1.36 and Helm 4.3.1.
"""

from __future__ import annotations

import shlex

from .sandbox import Sandbox

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


def stub_tailnet(sandbox: Sandbox, *, own: str = ADDRESS, peers: str = "cp1") -> None:
    """tailscale0 with an address, and the peers of that name at ADDRESS."""
    sandbox.stub("ip", f"echo '4: tailscale0    inet {own}/32 scope global tailscale0'")
    status = f'{{"Self":{{"DNSName":"self.tail.test.","TailscaleIPs":["{own}"]}},"Peer":{{"k":'
    status += f'{{"DNSName":"{peers}.tail.test.","TailscaleIPs":["{ADDRESS}"]}}}}}}'
    sandbox.stub("tailscale", f"echo '{status}'")


def stub_systemctl(sandbox: Sandbox) -> None:
    """One unit that matters: kubelet."""
    sandbox.stub(
        "systemctl",
        script(
            sandbox,
            """
case $* in
  "is-active kubelet")
    if [[ -e $S/kubelet ]]; then echo active; else cat $S/kubelet-is 2>/dev/null || echo activating; exit 3; fi ;;
  "start --no-block kubelet") [[ -e $S/kubelet-broken ]] || touch $S/kubelet ;;
  "stop kubelet") rm -f $S/kubelet; [[ ! -e $S/finish-on-stop ]] || echo conf >$R/etc/kubernetes/kubelet.conf ;;
  "show --property=ActiveEnterTimestamp --value kubelet") cat $S/kubelet ;;
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
