"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, fault, out, put, text

RULES = "/etc/iptables/rules.v4"
INTERFACE = "-A INPUT -i tailscale0 -j ACCEPT\n"

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
