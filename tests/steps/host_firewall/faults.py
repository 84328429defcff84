"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json
from pathlib import Path

from meshstrap.plan import NodePlan, Plan
from tests.lab.firewalld import DIRECT, DIRECT_XML, SAVED
from tests.shell.firewall_rules import FORWARD_REJECT, INPUT_REJECT, OUR_FORWARD, OUR_INPUT, RULES_V4
from tests.unit.hosts.faults import WORKER, Change, Raw, data, fault, out, put, text

FIREWALLD = Path(__file__).with_name("firewalld.json")
"""What nft lists of firewalld 2.3.1 once the step has run (Debian 13, November 2026), as far as a packet meets it on
its way into the host, or through it."""
GUARD = Path(__file__).parents[1] / "mesh_guards" / "guard.json"
"""What nft lists of the table that closes the ports of the mesh (nft 1.0.6, November 2026)."""
FOUND = [{"metainfo": {"version": "1.0.9"}}, *json.loads(GUARD.read_text(encoding="utf-8"))]
FOUND_BESIDE_FIREWALLD = [*FOUND, *json.loads(FIREWALLD.read_text(encoding="utf-8"))["nftables"]]
IN_FIREWALLD = (
    '"chain": "filter_INPUT_POLICIES", "expr": '
    '[{{"match": {{"op": "==", "left": {{"meta": {{"key": "iifname"}}}}, "right": "{}"'
)
RULES = "/etc/iptables/rules.v4"
INTERFACE = "-A INPUT -i tailscale0 -j ACCEPT\n"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    is_apt = node.family == "apt"
    return {
        "texts": {"/sys/class/dmi/id/chassis_asset_tag": "OracleCloud.com\n", **(_APT if is_apt else _DNF)},
        "commands": {
            "iptables": with_daemons(_as_printed(_SAVED) if is_apt else _ORACLES),
            "ip6tables": "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n",
            "nft": json.dumps({"nftables": (FOUND if is_apt else FOUND_BESIDE_FIREWALLD)}),
            "firewalld": REFUSED if is_apt else f"== running\n{_ZONE}41641/udp\n== permanent\n{_ZONE}41641/udp\n",
        },
    }


def with_daemons(text: str) -> str:
    """With what Tailscale and Cilium put in front."""
    chains = ":ts-input - [0:0]\n:ts-forward - [0:0]\n:CILIUM_FORWARD - [0:0]\n"
    rules = (
        "-A INPUT -j ts-input\n-A FORWARD -j ts-forward\n"
        '-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD\n'
        "-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP\n-A ts-input -i tailscale0 -j ACCEPT\n"
        "-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000\n"
        "-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT\n"
        "-A ts-forward -o tailscale0 -j ACCEPT\n"
        '-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any" -j ACCEPT\n'
    )
    return (
        text.replace("-A INPUT", f"{chains}{rules}-A INPUT", 1)
        if "-A INPUT" in text
        else text.replace("-A OUTPUT", f"{chains}{rules}-A OUTPUT", 1)
    )


REFUSED = {"code": 3, "out": "", "err": ""}
_SAVED = RULES_V4.replace(INPUT_REJECT, OUR_INPUT + INPUT_REJECT).replace(FORWARD_REJECT, OUR_FORWARD + FORWARD_REJECT)
_APT = {"/etc/iptables/rules.v4": _SAVED, "/etc/ufw/ufw.conf": "ENABLED=no\n"}
_DNF = {DIRECT: DIRECT_XML}
_ZONE = "trusted (active)\n  target: ACCEPT\n  interfaces: cilium_+ lxc+ tailscale0\n  sources: \n"
_ORACLES = f"*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:BareMetalInstanceServices - [0:0]\n{SAVED}COMMIT\n"


def _as_printed(saved: str) -> str:
    """As iptables-save prints it: other quotes in comments, modules named."""
    text = saved.replace("-p udp --sport 123", "-p udp -m udp --sport 123").replace("\\$HOME", "$HOME")
    return text + "*nat\n:CILIUM_PRE_nat - [0:0]\n:ts-postrouting - [0:0]\nCOMMIT\n"


def both(*changes: Change) -> Change:
    """One after the other."""

    def change(raw: Raw) -> None:
        for one in changes:
            one(raw)

    return change


def of_others(rules: str, hook: str = "input") -> Change:
    """A table that somebody wrote for nftables."""
    place = {"family": "inet", "table": "own"}
    chain = {**place, "name": "guard", "type": "filter", "hook": hook, "prio": 10, "policy": "accept"}
    rule = {**place, "chain": "guard", "expr": json.loads(rules)}
    more = [{"table": {"family": "inet", "name": "own"}}, {"chain": chain}, {"rule": rule}]
    return data("nft", lambda told: told["nftables"].extend(more))


FAULTS = (
    fault(
        "firewall",
        "the mesh and the pods get through",
        both(out("iptables", INTERFACE, ""), out("iptables", INTERFACE.replace("INPUT", "ts-input"), "")),
        "tcp 6443 from tailscale0: iptables filter: -A INPUT -j REJECT",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out("iptables", ":FORWARD ACCEPT [0:0]\n", ":FORWARD ACCEPT [0:0]\n-A FORWARD -j DROP\n"),
        "tcp 443 from lxcx to tailscale0: iptables filter: -A FORWARD -j DROP",
    ),
    *(
        fault(
            "firewall",
            "the mesh and the pods get through",
            out(
                "iptables",
                ":FORWARD ACCEPT [0:0]\n",
                f":FORWARD ACCEPT [0:0]\n:LATE - [0:0]\n-A INPUT {rule}\n-A LATE -j DROP\n",
            ),
            found,
        )
        for rule, found in (
            ('-m comment --comment "999 drop all" -j DROP', '--comment "999 drop all" -j DROP'),
            ("-j LATE", "iptables filter: -A LATE -j DROP"),
            ("-g LATE", "iptables filter: -A LATE -j DROP"),
            ("-p tcp -m tcp ! --dport 22 -j DROP", "! --dport 22 -j DROP"),
        )
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        of_others('[{"drop": null}]'),
        "nft inet own: guard: drop",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        of_others('[{"reject": {"type": "icmpx"}}]', "forward"),
        "tcp 443 from tailscale0 to cilium_x: nft inet own: guard",
        WORKER,
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out("nft", IN_FIREWALLD.format("tailscale0"), IN_FIREWALLD.format("another0")),
        "udp 8472 from tailscale0: nft inet firewalld",
        WORKER,
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out("nft", '"right": 41641', '"right": 41642'),
        "udp 41641 from enp0s6: nft inet firewalld",
        WORKER,
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        text(RULES, "-A FORWARD -d 10.244.0.0/16 -o lxc+ -j ACCEPT\n", ""),
        "tcp 443 from tailscale0 to lxcx: iptables filter: -A FORWARD -j REJECT",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        out(
            "firewalld",
            "== permanent\ntrusted (active)\n  target: ACCEPT\n  interfaces: cilium_+ lxc+ tailscale0",
            "== permanent\n  interfaces: tailscale0 cilium_+",
        ),
        "not trusted permanently: lxc+",
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
        out("iptables", "169.254.0.2/32", "169.254.0.9/32"),
        "1 of 7 rules are not live",
        WORKER,
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out(
            "iptables",
            "-d 169.254.0.0/16 -p udp -j REJECT --reject-with icmp-port",
            "-d 169.254.0.0/16 -p udp -j REJECT --reject-with icmp-host",
        ),
        "1 of 7 rules are not live",
        WORKER,
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        text(DIRECT, "</direct>", "</derict>"),
        "/etc/firewalld/direct.xml: no XML: mismatched tag",
        WORKER,
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        text(DIRECT, "-I BareMetalInstanceServices 3", "-A BareMetalInstanceServices"),
        "the rules are in another order",
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
