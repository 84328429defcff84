"""What the verification says of a packet is what the kernel does with it: random rules, real packets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netaddr import IPAddress

from meshstrap.verify.netfilter.firewall import Firewall
from meshstrap.verify.netfilter.packet import Packet

from .filtered import BEYOND, DEVICES, HOST, LEAVES_BY, Filtered, filtered

SOURCES = ("10.244.1.5", "100.64.0.9", "203.0.113.80")
PORTS = (22, 6443, 8472)
PACKETS = [
    Packet(
        device=device,
        protocol=protocol,
        port=port,
        source=IPAddress(source),
        out=out,
        destination=BEYOND if out else HOST,
    )
    for device in DEVICES
    for protocol in ("tcp", "udp")
    for port in PORTS
    for source in SOURCES
    for out in ("", LEAVES_BY)
]

MATCHES = (
    *("-i tailscale0", "! -i tailscale0", "-i lxc+", "! -i cilium+", "-o lxc1", "! -o lxc+"),
    *("-p tcp", "-p udp", "! -p tcp", "-p icmp", "-p tcp -m tcp --dport 6443", "-p udp -m udp ! --dport 8472"),
    *("-p tcp -m tcp --dport 1000:", "-p tcp -m tcp --dport :6443", "-p tcp -m tcp --syn", "-p tcp -m tcp ! --syn"),
    *("-p tcp -m tcp --tcp-flags SYN,ACK SYN", "-p tcp -m tcp --tcp-flags ALL NONE", "-p tcp -m tcp --sport 1:1023"),
    *("-p tcp -m multiport --dports 22,6000:7000", "-p udp -m multiport ! --dports 22,8472", "-f", "! -f"),
    *("-s 10.244.0.0/16", "! -s 100.64.0.0/10", "-s 203.0.113.80", "-d 192.0.2.1", "-d 198.51.100.0/24"),
    *("-m conntrack --ctstate NEW", "-m state --state RELATED,ESTABLISHED", "-m conntrack ! --ctstate NEW"),
    *("-m conntrack --ctstate INVALID", "-m mark --mark 0x40000/0xff0000", "-m mark ! --mark 0x0/0xff0000"),
    *('-m comment --comment "999 drop all"', "-m comment --comment -j", "-m addrtype --dst-type LOCAL"),
    *("-p tcp -m statistic --mode random --probability 0.5", "-m limit --limit 1/hour --limit-burst 2"),
)
TARGETS = (
    *("-j ACCEPT", "-j DROP", "-j RETURN", "-j ONE", "-g ONE", "-j TWO", "-g TWO", "-j LOG --log-prefix x", ""),
    *("-j MARK --set-xmark 0x40000/0xff0000", "-j MARK --set-xmark 0x0/0xffffffff", "-j MARK --or-mark 0x80000"),
)
OF_FILTER = ("-j REJECT", "-j REJECT --reject-with icmp-host-prohibited")


# What no answer is expected for: chance, rates, and what the packets here leave open, or an "or" of nft may have set.
NOT_TOLD = ("statistic", "limit", "numgen", "length", "flags", "sport", "mark", "REDIRECT")


def append(chain: str) -> st.SearchStrategy[str]:
    # A chain jumps to later ones only: the kernel refuses loops.
    allowed = {"ONE": ("TWO",), "TWO": ()}.get(chain, ("ONE", "TWO"))
    ends = [end for end in TARGETS if end.rpartition(" ")[2] not in {"ONE", "TWO"} - set(allowed)]
    return st.builds(
        lambda matches, end: f"-A {chain} {' '.join(matches)} {end}",
        st.lists(st.sampled_from(MATCHES), max_size=2, unique_by=lambda match: match.replace("! ", "").split()[0]),
        st.sampled_from((*ends, *OF_FILTER)),
    )


@st.composite
def iptables(draw: st.DrawFn) -> str:
    text = ""
    for table, bases in (("filter", ("INPUT", "FORWARD")), ("mangle", ("PREROUTING", "INPUT", "FORWARD"))):
        if table == "mangle" and draw(st.booleans()):
            continue
        policies = [f":{base} {draw(st.sampled_from(('ACCEPT', 'ACCEPT', 'DROP')))} [0:0]" for base in bases]
        chains = (*bases, "ONE", "TWO")
        rules = [rule for chain in chains for rule in draw(st.lists(append(chain), max_size=4))]
        if table == "mangle":
            rules = [rule for rule in rules if "REJECT" not in rule]
        rules = [rule for rule in rules if "-o " not in rule or "-A FORWARD" in rule]
        text += "\n".join((f"*{table}", *policies, ":ONE - [0:0]", ":TWO - [0:0]", *rules, "COMMIT", ""))
    if draw(st.integers(0, 5)) == 0:
        text += "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j CT --notrack\nCOMMIT\n"
    if draw(st.integers(0, 5)) == 0:
        text += "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 22 -j REDIRECT --to-ports 6443\nCOMMIT\n"
    return text


# Of one line at most one match of addresses or ports: nft refuses those that contradict each other.
NFT_HEADERS = (
    *("tcp dport 6443", "tcp dport != 6443", "tcp dport { 22, 6000-7000 }", "udp dport > 8000", "th dport @ports"),
    *("ip saddr 10.244.0.0/16", "ip saddr != { 10.244.0.0/16, 203.0.113.80 }", "ip daddr 192.0.2.1", "ip6 saddr ::1"),
    *("meta l4proto { tcp, udp }", "meta l4proto udp", "ip protocol tcp", "meta nfproto ipv4", "meta nfproto ipv6"),
    *("udp sport 1-1023", "tcp flags & (syn|ack) == syn"),
)
NFT_MATCHES = (
    *('iifname "tailscale0"', 'iifname != "tailscale0"', 'iifname "cilium*"', 'iifname { "lo", "ens3" }'),
    *("ct state new", "ct state established,related", "ct state != new", "ct state { invalid, established }"),
    *("meta mark 0x40000", "meta mark & 0xff0000 == 0x40000", "limit rate 1/hour burst 2 packets", "meta length > 40"),
    "numgen random mod 2 0",
)
NFT_ENDS = (
    *("accept", "drop", "return", "continue", "counter", 'log prefix "x"'),
    *("jump one", "goto one", "jump two", "goto two"),
    *("meta mark set 0x40000", "meta mark set meta mark | 0x80000", "counter drop", "reject", ""),
    *("ct state vmap { invalid : drop, new : jump two, established : accept }", "tcp dport vmap @ways"),
)


def nft_rule(chain: str) -> st.SearchStrategy[str]:
    refused = {"one": ("one",), "two": ("one", "two", "@ways", "jump", "goto")}.get(chain, ())
    ends = [end for end in NFT_ENDS if not any(word in end.replace(";", " ").split() for word in refused)]
    return st.builds(
        lambda header, match, end: f"{'' if 'vmap' in end else header} {match} {end}".strip() or "counter",
        st.sampled_from(("", *NFT_HEADERS)),
        st.sampled_from(("", *NFT_MATCHES)),
        st.sampled_from(ends),
    )


@st.composite
def nft(draw: st.DrawFn) -> str:
    text = ""
    for number in range(draw(st.integers(0, 2))):
        family = draw(st.sampled_from(("inet", "ip", "ip6")))
        bodies = []
        for chain in ("two", "one", "prerouting", "input", "forward"):
            rules = draw(st.lists(nft_rule(chain), max_size=3))
            # Of the one family, the other one's words are refused.
            strange = {"ip": ("ip6", "nfproto"), "ip6": ("ip ", "nfproto"), "inet": ()}[family]
            rules = [rule for rule in rules if not any(word in rule for word in strange)]
            head = ""
            if chain not in {"one", "two"}:
                priority = draw(st.sampled_from((-310, -10, 10))) + number
                policy = draw(st.sampled_from(("accept", "accept", "drop")))
                head = f"type filter hook {chain} priority {priority}; policy {policy};\n"
                # Before a hook of its own, prerouting has no way to refuse but to drop.
                rules = [rule for rule in rules if chain != "prerouting" or "reject" not in rule]
            bodies.append(f"chain {chain} {{\n{head}" + "\n".join(rules) + "\n}")
        sets = (
            "set ports { type inet_service; flags interval; elements = { 22, 8000-9000 } }",
            "map ways { type inet_service : verdict; elements = { 22 : accept, 6443 : jump two } }",
        )
        text += f"table {family} t{number} {{\n{bodies[0]}\n{sets[0]}\n{sets[1]}\n" + "\n".join(bodies[1:]) + "\n}\n"
    return text


@pytest.fixture(scope="module")
def host() -> Iterator[Filtered]:
    with filtered() as made:
        yield made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=iptables(), tables=nft(), packets=st.lists(st.sampled_from(range(len(PACKETS))), min_size=8, max_size=16))
def test_what_is_said_of_a_packet_is_what_the_kernel_does(
    host: Filtered, rules: str, tables: str, packets: list[int]
) -> None:
    host.load(rules, tables)
    saved, listed = host.shown()
    firewall = Firewall.of(saved, listed)
    for packet in (PACKETS[number] for number in packets):
        said = firewall.fate(packet)
        assert said.verdict != "unknown" or any(word in said.why for word in NOT_TOLD), said
        does = "accept" if host.passes(packet) else "drop"
        assert said.verdict in {does, "unknown"}, f"{packet}\n{said}\n{saved}\n{tables}"
