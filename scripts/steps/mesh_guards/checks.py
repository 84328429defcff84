"""What keeps Tailscale and Cilium from breaking each other is in force."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netaddr import IPAddress

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import MESH_PORTS, POD_IDENTITY_MARK, TAILNET_DEVICE, TAILNET_TABLE
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.netfilter.packet import Packet
from meshstrap.verify.netfilter.walk import ACCEPT, UNKNOWN
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import cards, host_firewall, stale, unit

SOURCE_VALIDATION = "/proc/sys/net/ipv4/conf/all/src_valid_mark"
TAILSCALES_MARK = 0x80000
TAILSCALES_BITS = 0xFF0000

# What routes a packet through Cilium's proxy.
PROXIES = (("l7Proxy",), ("envoy", "enabled"), ("ingressController", "enabled"), ("gatewayAPI", "enabled"))
_MARKED_ROUTE = (
    f'peer=$(ip -4 route show table {TAILNET_TABLE} | awk \'$1 ~ /^100[.]/ && $1 != "100.100.100.100" '
    "{ print $1; exit }'); [[ -n $peer ]] || { echo 'no other machine in the tailnet' >&2; exit 3; }; "
    f"ip -4 -json route get $peer mark {POD_IDENTITY_MARK}"
)


def asks(plan: Plan) -> Asked:
    """Routing rules, and where a packet with a pod's mark would go."""
    del plan
    return Asked(
        texts=("/etc/systemd/system/tailscaled.service.d/*.conf", SOURCE_VALIDATION),
        commands=(
            Question("rules", "ip -4 -details -json rule show"),
            Question("sockets", "ss --no-header --tcp --udp --listening --numeric"),
            Question("marked_route", _MARKED_ROUTE, codes=(0, 3)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan, node
    return {"mesh_ports": ", ".join(f"{protocol} {port} ({what})" for (protocol, port), what in MESH_PORTS.items())}


TOPIC = Topic("mesh_guards", __file__, asks=asks, values=values)


def by_mark(rule: dict[str, Any]) -> bool:
    """Whether a routing rule is one of Tailscale's, which look at the mark."""
    mark, bits = int(rule.get("fwmark", "0x0"), 16), int(rule.get("fwmask", "0xffffffff"), 16)
    return (mark, bits) == (TAILSCALES_MARK, TAILSCALES_BITS)


def mesh_rules(machine: Machine) -> list[dict[str, Any]]:
    """The routing rules that send tailnet addresses to Tailscale's table."""
    subnet = machine.plan.network.tailnet_subnet
    return [
        rule
        for rule in machine.answers.data("rules")
        if f"{rule.get('dst')}/{rule.get('dstlen')}" == str(subnet) and str(rule.get("table")) == TAILNET_TABLE
    ]


@TOPIC.check()
def the_mesh_rule_comes_before_tailscales_own(machine: Machine) -> None:
    ours = [rule["priority"] for rule in mesh_rules(machine)]
    machine.expect(ours, f"no rule to {machine.plan.network.tailnet_subnet}")
    first = min((rule["priority"] for rule in machine.answers.data("rules") if by_mark(rule)), default=None)
    machine.expect(first is None or min(ours) < first, f"it is {min(ours)}, behind Tailscale's {first}")


@TOPIC.check()
def the_mesh_rule_survives_systemd_networkd(machine: Machine) -> None:
    ours = mesh_rules(machine)
    if not ours:
        machine.skip("there is no such rule")
    marks = sorted({str(rule.get("protocol")) for rule in ours})
    machine.expect(marks == ["kernel"], f"protocol {', '.join(marks)}")


@TOPIC.check()
def the_mesh_rule_comes_back_at_every_boot(machine: Machine) -> None:
    found = unit(machine.answers, "meshstrap-mesh-rule")
    state = f"{found['UnitFileState'] or 'not there'}, {found['ActiveState']}"
    machine.expect(state == "enabled, active", state)


@TOPIC.check()
def only_the_mesh_reaches_its_ports(machine: Machine) -> None:
    firewall = host_firewall(machine.answers)
    fates = {
        f"{packet.protocol} {packet.port} from {packet.device} (IPv{packet.version})": firewall.fate(packet)
        for packet in strangers(machine)
    }
    open_ = [f"{what}: accepted" for what, fate in fates.items() if fate.verdict == ACCEPT]
    machine.expect(not open_, open_)
    unknown = [f"{what}: {fate.why}" for what, fate in fates.items() if fate.verdict == UNKNOWN]
    if unknown:
        raise CannotTell(unknown[0])


def strangers(machine: Machine) -> Iterator[Packet]:
    """A first packet from anywhere to each port of the mesh that something listens on, by each network card."""
    for line in machine.answers.lines("sockets"):
        protocol, _, _, _, local, *_ = line.split()
        host, _, port = local.rpartition(":")
        address = host.strip("[]").partition("%")[0].removeprefix("::ffff:")
        if (
            not port.isdigit()
            or (protocol, int(port)) not in MESH_PORTS
            or address.startswith("127.")
            or address == "::1"
        ):
            continue
        for version in (4, 6) if address in {"*", "::"} else (6,) if ":" in address else (4,):
            for card in cards(machine.answers):
                yield Packet(device=card, protocol=protocol, port=int(port), version=version)


@TOPIC.check(step="tailnet")
def the_rules_of_tailscale_are_in_force(machine: Machine) -> None:
    rules = machine.answers.said("iptables")
    found = [f"nothing leads to {chain}" for chain in ("ts-input", "ts-forward") if f" -j {chain}\n" not in rules]
    machine.expect(not found, found)


@TOPIC.check(step="node_ready")
def the_rules_of_cilium_are_in_force(machine: Machine) -> None:
    rules = machine.answers.said("iptables")
    machine.expect(
        re.search(r"^-A FORWARD .*-j CILIUM_FORWARD$", rules, re.MULTILINE), "nothing leads to CILIUM_FORWARD"
    )


@TOPIC.check(step="tailnet")
def marked_packets_stay_in_the_tailnet(machine: Machine) -> None:
    if machine.answers.code("marked_route") != 0:
        machine.skip("there is no other machine in the tailnet yet")
    route = machine.answers.data("marked_route")[0]
    machine.expect(route.get("dev") == TAILNET_DEVICE, f"a packet to {route.get('dst')} leaves by {route.get('dev')}")


@TOPIC.check()
def tailscaled_never_talks_to_pod_addresses(machine: Machine) -> None:
    denied = unit(machine.answers, "tailscaled").get("IPAddressDeny", "").split()
    machine.expect(
        str(machine.plan.network.pod_subnet) in denied, f"tailscaled is denied {', '.join(denied) or 'nothing'}"
    )
    drop_ins = machine.answers.texts("/etc/systemd/system/tailscaled.service.d/*.conf")
    problems = stale(machine.answers, "tailscaled", *drop_ins)
    machine.expect(not problems, problems)


@TOPIC.check(step="tailnet")
def no_peer_is_reached_by_a_pod_address(machine: Machine) -> None:
    pods = machine.plan.network.pod_subnet
    peers = (machine.answers.data("tailnet").get("Peer") or {}).values()
    endpoints = [(peer["HostName"], peer.get("CurAddr", "").rpartition(":")[0].strip("[]")) for peer in peers]
    found = [f"{name} by {address}" for name, address in endpoints if address and IPAddress(address) in pods]
    machine.expect(not found, found)


@TOPIC.check(step="tailnet")
def source_validation_leaves_the_proxy_alone(machine: Machine) -> None:
    if not any(_value(machine.plan.cilium_values, path) for path in PROXIES):
        machine.skip("Cilium's proxy is off in the plan")
    found = machine.answers.needed_text(SOURCE_VALIDATION).strip()
    machine.expect(found == "0", found)


def _value(values: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        values = values.get(name, {}) if hasattr(values, "get") else {}
    return values is True
