"""Everything that one host is asked, all of it at once: what several topics read, and what each topic asks for itself.

Every command only looks. What might print a secret (a Secret, a key file, a log) is reduced on the host: a secret
never travels.
"""

from __future__ import annotations

from meshstrap.plan import names
from meshstrap.plan.model import Plan
from meshstrap.verify.catalogue import topics
from meshstrap.verify.question import Asked, Question, together

UNITS = "containerd kubelet meshstrap meshstrap-mesh-rule tailscaled firewalld"
_UNIT_PROPERTIES = (
    "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestamp,After,Wants,Requires,"
    "RequiresMountsFor,IPAddressDeny,MainPID"
)
_FIREWALLD = (
    'systemctl is-active --quiet firewalld || exit 3; for life in running permanent; do echo "== $life"; '
    "flag=; [[ $life == running ]] || flag=--permanent; "
    "firewall-cmd $flag --zone=trusted --list-all && firewall-cmd $flag --list-ports || exit 1; done"
)

OF_SEVERAL = Asked(
    texts=names.STATUS_FILES,
    commands=(
        Question("hostname", "uname --nodename"),
        Question("now", "date +%s"),
        Question(
            "units",
            f"systemctl show --property={_UNIT_PROPERTIES} {' '.join(f'{u}.service' for u in UNITS.split())}",
        ),
        Question("addresses", "ip -json address show"),
        Question("iptables", "iptables-save"),
        Question("ip6tables", "command -v ip6tables-save >/dev/null || exit 3; ip6tables-save", codes=(0, 3)),
        Question("nft", "command -v nft >/dev/null || exit 3; nft -j list ruleset", codes=(0, 3)),
        Question("firewalld", _FIREWALLD, codes=(0, 3)),
        Question("tailnet", "timeout 15 tailscale status --json"),
    ),
)
"""What more than one topic reads."""


def questions(plan: Plan, *, whole: bool = False) -> Asked:
    """What every host of a plan is asked. The same for all: which node a host is, is an answer, too."""
    return together((OF_SEVERAL, *(topic.asks(plan) for topic in topics() if whole or not topic.whole)))
