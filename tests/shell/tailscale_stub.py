"""A stand-in for tailscale 1.102: its JSON, its exit codes and its texts, as seen with a real Headscale 0.29.2.

The state is files below ``state/``: backend, name, hostname, url, health, node_key, expired; ``outcome`` says what a
login comes to.
"""

from __future__ import annotations

from .sandbox import Sandbox

ADDRESS = "100.64.0.2"
TAILSCALE = r"""
get() { cat "$S/$1" 2>/dev/null || true; }
put() { printf '%s\n' "$2" >"$S/$1"; }
running() {
  put backend Running; put node_key true; rm -f "$S/expired" "$S/url" "$S/health"
  put name "$(get hostname)$(get taken)"
}
[[ ! -e $S/dead ]] || { echo 'failed to connect to local tailscaled; it does not appear to be running' >&2; exit 1; }
for flag in "$@"; do
  case $flag in --hostname=*) asked=${flag#*=} ;; esac
done
case $1 in
  status)
    printf '{"Version": "1.102.5-lab", "TUN": true, "BackendState": "%s",' "$(get backend)"
    [[ -z $(get node_key) ]] || printf ' "HaveNodeKey": true,'
    printf ' "AuthURL": "%s", "TailscaleIPs": null, "Self": {"ID": "",' "$(get url)"
    [[ -z $(get expired) ]] || printf ' "Expired": true, "KeyExpiry": "2026-11-23T17:24:11Z",'
    printf ' "HostName": "vm", "DNSName": "%s.tail.example.net."},' "$(get name)"
    printf ' "Health": ["%s"]}\n' "$(get health)" ;;
  debug)
    printf '{"ControlURL": "https://hs.example.net", "RouteAll": false,'
    printf ' "CorpDNS": %s, "Hostname": "%s"}\n' "$(get dns)" "$(get hostname)" ;;
  set) put hostname "$asked"; put dns false; put name "$asked$(get taken)" ;;
  wait) [[ $(get backend) == Running ]] || { echo 'context deadline exceeded' >&2; exit 1; } ;;
  up)
    if (($# == 1)); then running; exit 0; fi
    put hostname "$asked"; put dns false
    if [[ $* != *--auth-key=file:* ]]; then
      put url https://login.example.net/a/1234; echo 'timeout waiting' >&2; exit 1
    fi
    case $(get outcome) in
      ok) running ;;
      approve) put backend NeedsMachineAuth; echo 'timeout waiting' >&2; exit 1 ;;
      late) running; echo 'backend error: authkey already used' >&2; exit 1 ;;
      *) put health "You are logged out. The last login error was: $(get outcome)"
        echo "backend error: $(get outcome)" >&2; exit 1 ;;
    esac ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac"""


def stub_tailscale(sandbox: Sandbox, **state: str) -> None:
    """tailscale on a machine that was never logged in, but for ``state``."""
    first = {"backend": "NeedsLogin", "dns": "true", "health": "Tailscale is stopped.", "outcome": "ok"}
    for name, value in (first | state).items():
        sandbox.write(f"state/{name}", value + "\n")
    folder = sandbox.root / "state"
    sandbox.stub("tailscale", f"S={folder}\n{TAILSCALE}")
    address = f"[[ $(cat {folder}/backend) == Running ]] || exit 0; cat {folder}/address"
    sandbox.write("state/address", f"4: tailscale0    inet {ADDRESS}/32 scope global tailscale0\n")
    sandbox.stub("ip", address)


def logged_in(sandbox: Sandbox) -> None:
    """The same machine, in the tailnet and converged."""
    stub_tailscale(sandbox, backend="Running", node_key="true", name="w1", hostname="w1", dns="false", health="")
    sandbox.write("var/lib/meshstrap/tailnet_address", f"{ADDRESS}\n")
