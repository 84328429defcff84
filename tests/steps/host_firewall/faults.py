"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.shell.firewall_rules import RULES_V4
from tests.unit.hosts.faults import WORKER, Raw, fault, out, put, text

RULES = "/etc/iptables/rules.v4"
INTERFACE = "-A INPUT -i tailscale0 -j ACCEPT\n"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    is_apt = node.family == "apt"
    return {
        "texts": {"/sys/class/dmi/id/chassis_asset_tag": "OracleCloud.com\n", **(_APT if is_apt else _DNF)},
        "commands": {
            "iptables": _as_printed(_SAVED) if is_apt else _ORACLES,
            "firewalld": REFUSED if is_apt else f"== running\n{_ZONE}41641/udp\n== permanent\n{_ZONE}41641/udp\n",
        },
    }


REFUSED = {"code": 3, "out": "", "err": ""}
_OUR_INPUT = (
    "-A INPUT -i tailscale0 -j ACCEPT\n-A INPUT -p udp -m udp --dport 41641 -j ACCEPT\n"
    "-A INPUT -s 10.244.0.0/16 -j ACCEPT\n"
)
_OUR_FORWARD = "-A FORWARD -s 10.244.0.0/16 -j ACCEPT\n-A FORWARD -d 10.244.0.0/16 -j ACCEPT\n"
_SAVED = RULES_V4.replace("-A INPUT -j REJECT", f"{_OUR_INPUT}-A INPUT -j REJECT").replace(
    "-A FORWARD -j REJECT", f"{_OUR_FORWARD}-A FORWARD -j REJECT"
)
_APT = {"/etc/iptables/rules.v4": _SAVED, "/etc/ufw/ufw.conf": "ENABLED=no\n"}
_DIRECT = (
    '<rule ipv="ipv4" table="filter" chain="BareMetalInstanceServices" priority="{}">-d 169.254.0.{}/32 -p tcp '
    "-m owner "
    "--uid-owner 0 -m tcp --dport 3260 -j ACCEPT</rule>\n"
)
_DNF = {"/etc/firewalld/direct.xml": _DIRECT.format(0, 2) + _DIRECT.format(1, 3)}
_ZONE = "trusted (active)\n  target: ACCEPT\n  interfaces: tailscale0\n  sources: 10.244.0.0/16\n"
_ORACLES = (
    "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:BareMetalInstanceServices - [0:0]\n"
    "-A OUTPUT -d 169.254.0.0/16 -j BareMetalInstanceServices\n"
    "-A BareMetalInstanceServices -d 169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT\n"
    "-A BareMetalInstanceServices -d 169.254.0.3/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT\n"
    "COMMIT\n"
)


def _as_printed(saved: str) -> str:
    """As iptables-save prints it: other quotes in comments, modules named."""
    text = saved.replace("-p udp --sport 123", "-p udp -m udp --sport 123").replace("\\$HOME", "$HOME")
    return text + "*nat\n:CILIUM_PRE_nat - [0:0]\n:ts-postrouting - [0:0]\nCOMMIT\n"


FAULTS = (
    fault("firewall", "the mesh and the pods get through", out("iptables", INTERFACE, ""), "INPUT -i tailscale0"),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out("iptables", ":FORWARD ACCEPT [0:0]\n", ":FORWARD ACCEPT [0:0]\n-A FORWARD -j DROP\n"),
        "FORWARD -s 10.244.0.0/16, FORWARD -d 10.244.0.0/16",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out(
            "firewalld",
            "interfaces: tailscale0\n  sources: 10.244.0.0/16\n41641/udp\n==",
            "interfaces: \n  sources: 10.244.0.0/16\n41641/udp\n==",
        ),
        "not trusted: tailscale0",
        WORKER,
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        text(RULES, "-A FORWARD -d 10.244.0.0/16 -j ACCEPT\n", ""),
        "FORWARD -d 10.244.0.0/16",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        out(
            "firewalld",
            "== permanent\ntrusted (active)\n  target: ACCEPT\n  interfaces: tailscale0\n  sources: 10.244.0.0/16",
            "== permanent\n  interfaces: tailscale0\n  sources:",
        ),
        "not trusted permanently: 10.244.0.0/16",
        WORKER,
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out(
            "iptables",
            "-A InstanceServices -d 169.254.0.2/32 -p tcp -m owner",
            "-A Other -d 169.254.0.2/32 -p tcp -m owner",
        ),
        "1 of 15 rules are not live",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "-A OUTPUT -d 169.254.0.0/16 -j InstanceServices\n", ""),
        "no rule of OUTPUT leads to them",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "-A OUTPUT -d 169", "-A OUTPUT -j ACCEPT\n-A OUTPUT -d 169"),
        "OUTPUT accepts everything before them",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        text(RULES, "-A InstanceServices ", "-A Other "),
        "the image's own file has none of them left",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "169.254.0.3/32", "169.254.0.9/32"),
        "1 of 2 rules are not live",
        WORKER,
    ),
    fault(
        "firewall",
        "nothing of others is frozen in the saved rules",
        text(RULES, ":OUTPUT", ":ts-input - [0:0]\n:OUTPUT"),
        "ts-input",
    ),
    fault(
        "firewall",
        "nothing of others is frozen in the saved rules",
        text(RULES, "COMMIT", "[9:9] -A CILIUM_FORWARD -j ACCEPT\nCOMMIT"),
        "CILIUM_FORWARD",
    ),
    fault("firewall", "ufw is not enabled", put("/etc/ufw/ufw.conf", "# x\nENABLED=yes\n"), "enabled"),
)
