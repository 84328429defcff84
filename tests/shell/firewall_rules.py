"""The firewall of Oracle's Ubuntu images as data, and an iptables that keeps its rules in a file."""

from __future__ import annotations

_SERVICES = """\
169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260
169.254.2.0/24 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260
169.254.4.0/24 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260
169.254.5.0/24 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260
169.254.0.2/32 -p tcp -m tcp --dport 80
169.254.169.254/32 -p udp -m udp --dport 53
169.254.169.254/32 -p tcp -m tcp --dport 53
169.254.0.3/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 80
169.254.0.4/32 -p tcp -m tcp --dport 80
169.254.169.254/32 -p tcp -m tcp --dport 80
169.254.169.254/32 -p udp -m udp --dport 67
169.254.169.254/32 -p udp -m udp --dport 69
169.254.169.254/32 -p udp -m udp --dport 123
"""
_COMMENT = '-m comment --comment "Oracle\'s own; \\$HOME & \\"more\\""'

INSTANCE_SERVICES = "\n".join(
    [
        "-A OUTPUT -d 169.254.0.0/16 -j InstanceServices",
        *(f"-A InstanceServices -d {line} {_COMMENT} -j ACCEPT" for line in _SERVICES.splitlines()),
        f"-A InstanceServices -d 169.254.0.0/16 -p tcp -m tcp {_COMMENT} -j REJECT --reject-with tcp-reset",
        f"-A InstanceServices -d 169.254.0.0/16 -p udp -m udp {_COMMENT} -j REJECT --reject-with icmp-port-unreachable",
    ]
)

INPUT = """\
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp --sport 123 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
"""
INPUT_REJECT = "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n"
FORWARD_REJECT = "-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n"
HEAD = """\
# CLOUD_IMG: made by the image's build
# rules of Oracle Cloud Infrastructure

*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [463:49013]
:InstanceServices - [0:0]
"""
RULES_V4 = f"{HEAD}{INPUT}{INPUT_REJECT}{FORWARD_REJECT}{INSTANCE_SERVICES}\nCOMMIT\n"

FIREWALL_RULES = """\
INPUT -i tailscale0 -j ACCEPT
INPUT -p udp -m udp --dport 41641 -j ACCEPT
INPUT -s 10.244.0.0/16 -i lxc+ -j ACCEPT
INPUT -s 10.244.0.0/16 -i cilium_+ -j ACCEPT
FORWARD -s 10.244.0.0/16 -i lxc+ -j ACCEPT
FORWARD -s 10.244.0.0/16 -i cilium_+ -j ACCEPT
FORWARD -d 10.244.0.0/16 -o lxc+ -j ACCEPT
FORWARD -d 10.244.0.0/16 -o cilium_+ -j ACCEPT"""
OUR_INPUT = "".join(f"-A {rule}\n" for rule in FIREWALL_RULES.splitlines() if rule.startswith("INPUT"))
OUR_FORWARD = "".join(f"-A {rule}\n" for rule in FIREWALL_RULES.splitlines() if rule.startswith("FORWARD"))

LIVE = (
    "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-N InstanceServices\n-N ts-input\n"
    "-A INPUT -j ts-input\n"
    f"{INPUT}{INPUT_REJECT}{FORWARD_REJECT}{INSTANCE_SERVICES}\n"
    "-A ts-input -i tailscale0 -j ACCEPT\n"
)

IPTABLES = r"""
[[ $1 == --wait && $2 == 30 ]] || exit 9
if [[ $3 == --list-rules ]]; then
  cat "$ROOT/live"
elif [[ $3 == --insert ]]; then
  RULE="-A $4 ${*:6}" awk -v chain="$4" -v number="$5" '
    $1 == "-A" && $2 == chain { at++; if (at == number) { print ENVIRON["RULE"]; put = 1 } }
    { print }
    END { if (!put) { if (at + 1 != number) exit 1; print ENVIRON["RULE"] } }' "$ROOT/live" >"$ROOT/live.new" &&
    mv "$ROOT/live.new" "$ROOT/live"
else
  exit 9
fi
"""

FIREWALL_CMD = r"""
life=run zone=public
names() { tr '\n' ' ' <"$ROOT/$life-$zone"; }
for word; do
  case $word in
    --permanent) life=permanent ;;
    --zone=*) zone=${word#*=} ;;
    --list-all) printf '%s (active)\n  target: ACCEPT\n  sources: %s\n  ports: \n' "$zone" "$(names)" ;;
    --list-ports) printf "hint: this is the default zone\n\n%s\n" "$(names)" ;;
    --change-*=* | --add-port=*) printf '%s\n' "${word#*=}" >>"$ROOT/$life-$zone" ;;
    --quiet) ;;
    *) exit 2 ;;
  esac
done
"""
