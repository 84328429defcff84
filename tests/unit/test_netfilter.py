"""What a packet filter does with a packet, told from what its programs print. The kernel's own word: tests/lab."""

from __future__ import annotations

from typing import Any

import pytest
from netaddr import IPAddress

from meshstrap.verify.netfilter.direct import parse_direct
from meshstrap.verify.netfilter.firewall import Firewall
from meshstrap.verify.netfilter.options import meaning
from meshstrap.verify.netfilter.packet import Packet

API = Packet(device="tailscale0", protocol="tcp", port=6443, source=IPAddress("100.64.0.9"))
OUTSIDE = Packet(device="ens3", protocol="tcp", port=6443)


def saved(*rules: str, policy: str = "ACCEPT", chains: str = "") -> str:
    names = "".join(f":{name} - [0:0]\n" for name in chains.split())
    return f"*filter\n:INPUT {policy} [0:0]\n:FORWARD ACCEPT [0:0]\n{names}" + "\n".join((*rules, "COMMIT\n"))


def listed(*rules: list[Any], priority: int = 0, policy: str = "accept", family: str = "inet") -> dict[str, Any]:
    place = {"family": family, "table": "filter"}
    base = {**place, "name": "input", "hook": "input", "prio": priority, "policy": policy}
    return {
        "nftables": [
            {"metainfo": {"version": "1.0.6"}},
            {"table": {"family": family, "name": "filter"}},
            {"chain": base},
            *({"rule": {**place, "chain": "input", "expr": rule}} for rule in rules),
        ]
    }


@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        pytest.param(saved(), "accept", "", id="nothing"),
        pytest.param(saved(policy="DROP"), "drop", "iptables filter: policy drop of INPUT", id="a-policy"),
        pytest.param(
            saved('-A INPUT -m comment --comment "999 drop all" -j DROP'), "drop", "999 drop all", id="a-comment"
        ),
        pytest.param(
            saved("-A INPUT -j ONE", "-A ONE -j TWO", "-A TWO -j DROP", chains="ONE TWO"),
            "drop",
            "-A TWO -j DROP",
            id="jumps",
        ),
        pytest.param(
            saved("-A INPUT -g ONE", "-A INPUT -j ACCEPT", chains="ONE", policy="DROP"), "drop", "policy", id="a-goto"
        ),
        pytest.param(saved("-A INPUT -j ONE", "-A INPUT -j DROP", "-A ONE -j RETURN", chains="ONE"), "drop", "-j DROP"),
        pytest.param(saved("-A INPUT -i tailscale0 -j ACCEPT", "-A INPUT -j REJECT"), "accept", "", id="before-it"),
        pytest.param(saved("[9:540] -A INPUT -p tcp --destination-port 6443 --jump DROP"), "drop", "6443"),
        pytest.param(saved("-A INPUT -m set --match-set some src -j DROP"), "unknown", "--match-set some src"),
        pytest.param(saved("-A INPUT -m connmark --mark 0x1 -j DROP"), "unknown", "connmark"),
        pytest.param(saved("-A INPUT -m set --match-set some src -j DROP", policy="DROP"), "drop", "policy"),
        pytest.param(saved("-A INPUT -m policy --dir in --proto esp -j DROP"), "unknown", "policy"),
        pytest.param(saved("-A INPUT -s some.name -j DROP"), "unknown", "some.name", id="a-name"),
        pytest.param(saved("-A INPUT -j NFQUEUE --queue-num 0"), "unknown", "NFQUEUE"),
        pytest.param(saved("-I INPUT 1 -j DROP"), "unknown", "-I INPUT", id="another-command"),
        pytest.param(saved('-A INPUT -m comment --comment "open -j DROP'), "unknown", "open", id="quotes"),
        pytest.param("*mangle\n:INPUT DROP [0:0]\nCOMMIT\n" + saved(), "drop", "iptables mangle", id="another-table"),
    ],
)
def test_iptables(text: str, verdict: str, why: str) -> None:
    fate = Firewall.of(text).fate(API)
    assert (fate.verdict, why in fate.why) == (verdict, True), fate


def test_rules_for_one_device_are_for_no_other() -> None:
    firewall = Firewall.of(saved("-A INPUT ! -i tailscale0 -p tcp -m tcp --dport 6443 -j DROP"))
    assert (firewall.fate(API).verdict, firewall.fate(OUTSIDE).verdict) == ("accept", "drop")


def test_what_an_address_decides_is_not_told_without_one() -> None:
    firewall = Firewall.of(saved("-A INPUT -s 203.0.113.0/24 -j ACCEPT", policy="DROP"))
    assert firewall.fate(OUTSIDE).verdict == "unknown"


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        pytest.param(listed(policy="drop"), "drop", id="a-policy"),
        pytest.param(listed([{"drop": None}], priority=-200), "drop", id="before-iptables"),
        pytest.param(listed([{"drop": None}], family="ip6"), "accept", id="another-family"),
        pytest.param(listed([{"drop": None}], family="bridge"), "accept", id="no-way-of-it"),
        pytest.param(listed([{"xt": None}]), "unknown", id="an-extension"),
        pytest.param(
            listed(
                [
                    {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tailscale*"}},
                    {"accept": None},
                ],
                policy="drop",
            ),
            "accept",
            id="a-device",
        ),
        pytest.param(
            listed([{"match": {"op": "==", "left": {"osf": {"key": "name"}}, "right": "Linux"}}, {"drop": None}]),
            "unknown",
            id="strange-match",
        ),
    ],
)
def test_nftables_beside_iptables(told: dict[str, Any], verdict: str) -> None:
    accepted = saved("-A INPUT -i tailscale0 -j ACCEPT")
    assert Firewall.of(accepted, told).fate(API).verdict == verdict


def test_what_iptables_keeps_in_nftables_is_counted_once() -> None:
    head = "# Generated by iptables-save v1.8.9 (nf_tables) on Sun Nov 29 11:35:22 2026\n"
    own = listed([{"xt": {"type": "target", "name": "REJECT"}}], family="ip")
    assert Firewall.of(head + saved(), own).fate(API).verdict == "accept"
    assert Firewall.of(saved(), own).fate(API).verdict == "unknown", "legacy iptables knows nothing of it"


def test_a_packet_whose_destination_is_changed_is_not_told_of() -> None:
    nat = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 6443 -j DNAT --to-destination 10.0.0.9\nCOMMIT\n"
    )
    for policy in ("ACCEPT", "DROP"):
        fate = Firewall.of(nat + saved(policy=policy)).fate(API)
        assert (fate.verdict, "-j DNAT" in fate.why) == ("unknown", True)


@pytest.mark.parametrize(
    ("written", "saved"),
    [
        ("-A A -p tcp --dport 80 -d 10.0.0.1 -j ACCEPT", "-A A -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j ACCEPT"),
        ("-A A -j REJECT", '-A A -m comment --comment "as it\'s" -j REJECT --reject-with icmp-port-unreachable'),
        ("-A A -m owner --uid-owner root -j DROP", "-A A -m owner --uid-owner 0 -j DROP"),
        ("-A A --source 10.0.0.9/24 --jump B", "-A A -s 10.0.0.0/24 -j B"),
    ],
)
def test_a_rule_is_the_same_however_it_is_written(written: str, saved: str) -> None:
    assert meaning(written) == meaning(saved)
    assert meaning(written) != meaning(saved.replace("-A A", "-A A ! -i lo"))
    assert meaning("-A A --comment 'open") != meaning(saved)


def test_rules_for_others_are_no_rules_of_ipv4s_filter() -> None:
    text = (
        '<direct><rule ipv="ipv6" table="filter" chain="A" priority="0">-j DROP</rule>'
        '<rule ipv="ipv4" table="nat" chain="A" priority="0">-j DROP</rule>'
        '<passthrough ipv="ipv4">-N A</passthrough><passthrough ipv="ipv4">-t nat -A A -j DROP</passthrough>'
        '<passthrough ipv="ipv4">-t filter -I A -j ACCEPT</passthrough></direct>'
    )
    assert parse_direct(text) == ["-A A -j ACCEPT"]
