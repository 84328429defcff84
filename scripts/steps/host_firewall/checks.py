"""The image's own firewall lets the mesh and the pods through, and keeps all else that it had."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netaddr import IPAddress

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.machines import DNF
from meshstrap.plan.names import (
    KUBELET_PORT,
    MESH_PORTS,
    POD_DEVICES,
    TAILNET_DEVICE,
    WIREGUARD_PORT,
    openings,
    trusted_words,
)
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.netfilter.direct import parse_direct
from meshstrap.verify.netfilter.firewall import Firewall
from meshstrap.verify.netfilter.options import meaning
from meshstrap.verify.netfilter.packet import Packet
from meshstrap.verify.netfilter.walk import DROP, UNKNOWN
from meshstrap.verify.question import Asked
from meshstrap.verify.reading import addresses, cards, filter_rules, host_firewall, tailnet_addresses

SAVED = "/etc/iptables/rules.v4"
DIRECT = "/etc/firewalld/direct.xml"
FOREIGN = re.compile(r"^(?:\[\d+:\d+\] )?(?:-A |:)((?:ts-|CILIUM_|OLD_CILIUM_|KUBE-|cali-)[^ ]*)", re.MULTILINE)
ORACLES = "OracleCloud.com"
SOMEBODY = IPAddress("203.0.113.9")
"""An address of the internet (RFC 5737)."""


def asks(plan: Plan) -> Asked:
    """What the image loads at boot."""
    del plan
    return Asked(texts=(SAVED, DIRECT, "/etc/ufw/ufw.conf", "/sys/class/dmi/id/chassis_asset_tag"))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    if node.family == DNF:
        return {"openings": f"firewalld trusts {', '.join(trusted_words())}"}
    matches = [f"{chain} {match}" for chain, all_ in openings(plan.network).items() for match in all_]
    return {"openings": f"accepted before anything is refused: {'; '.join(matches)}"}


TOPIC = Topic("firewall", __file__, asks=asks, values=values)


def needed(machine: Machine) -> Iterator[Packet]:
    """The first packets of connections that a node lives by, one of each kind."""
    peer, pod = (
        IPAddress(net.first + 9) for net in (machine.plan.network.tailnet_subnet, machine.plan.network.pod_subnet)
    )
    own = IPAddress(next(iter(tailnet_addresses(machine.answers)), peer + 1))
    for protocol, port in MESH_PORTS:
        yield Packet(device=TAILNET_DEVICE, protocol=protocol, port=port, source=peer, destination=own)
    for device in (device.replace("+", "x") for device in POD_DEVICES):
        yield Packet(device=device, protocol="tcp", port=KUBELET_PORT, source=pod, destination=own)
        yield Packet(device=device, protocol="tcp", port=443, source=pod, out=TAILNET_DEVICE, destination=peer)
        yield Packet(device=TAILNET_DEVICE, protocol="tcp", port=443, source=pod, out=device, destination=pod)
    for card in cards(machine.answers):
        here = IPAddress(next(iter(addresses(machine.answers, card)), own))
        yield Packet(device=card, protocol="udp", port=WIREGUARD_PORT, source=SOMEBODY, destination=here)


def refused(machine: Machine, firewall: Firewall) -> None:
    """Expect that nothing of the mesh is refused."""
    fates = {packet: firewall.fate(packet) for packet in needed(machine)}
    found = [f"{shown(packet)}: {fate.why}" for packet, fate in fates.items() if fate.verdict == DROP]
    machine.expect(not found, found)
    unknown = [f"{shown(packet)}: {fate.why}" for packet, fate in fates.items() if fate.verdict == UNKNOWN]
    if unknown:
        raise CannotTell(f"{len(unknown)} packets, the first is {unknown[0]}")


def shown(packet: Packet) -> str:
    """``tcp 6443 from tailscale0``."""
    return f"{packet.protocol} {packet.port} from {packet.device}{packet.out and f' to {packet.out}'}"


@TOPIC.check()
def the_mesh_and_the_pods_get_through(machine: Machine) -> None:
    refused(machine, host_firewall(machine.answers))


@TOPIC.check()
def the_mesh_and_the_pods_get_through_after_a_boot(machine: Machine) -> None:
    if machine.node.family == DNF:
        found = untrusted(machine)
        machine.expect(not found, f"not trusted permanently: {', '.join(found)}")
    else:
        refused(machine, Firewall.of(saved_rules(machine)))


def untrusted(machine: Machine) -> list[str]:
    """What firewalld will not trust once it has read its files again."""
    if machine.answers.code("firewalld") != 0:
        machine.skip("firewalld does not run: nothing is refused")
    known = machine.answers.said("firewalld").partition("== permanent\n")[2].split()
    return [word for word in trusted_words() if word not in known]


def saved_rules(machine: Machine) -> str:
    """The rules that the image loads at boot."""
    text = machine.answers.text(SAVED)
    if text is None:
        machine.skip("this image has no firewall of its own")
    return text


@TOPIC.check()
def the_instance_services_rules_are_intact(machine: Machine) -> None:
    rules = filter_rules(machine.answers.said("iptables"), "")
    live = [meaning(line) for line in rules]
    wanted = services(machine)
    lost = [rule for rule in wanted if meaning(rule) not in live]
    machine.expect(not lost, f"{len(lost)} of {len(wanted)} rules are not live, the first is {lost[:1]}")
    meant = [meaning(rule) for rule in wanted]
    machine.expect([rule for rule in live if rule in meant] == meant, "the rules are in another order")
    jump = next(
        (line for line in rules if re.search(r"^-A OUTPUT\S* -d 169\.254\.0\.0/16 .*InstanceServices", line)), ""
    )
    machine.expect(jump, "no rule of OUTPUT leads to them")
    shadow = rules.index("-A OUTPUT -j ACCEPT") if "-A OUTPUT -j ACCEPT" in rules else len(rules)
    machine.expect(
        not jump.startswith("-A OUTPUT ") or rules.index(jump) < shadow, "OUTPUT accepts everything before them"
    )


def services(machine: Machine) -> list[str]:
    """The image's rules for its link-local services, as its own file has them."""
    lines = direct_rules(machine) if machine.node.family == DNF else (machine.answers.text(SAVED) or "").splitlines()
    found = [line for line in lines if re.match(r"-A \S*InstanceServices ", line)]
    in_oracles_cloud = (machine.answers.text("/sys/class/dmi/id/chassis_asset_tag") or "").strip() == ORACLES
    # Oracle has no image of Debian (2026-11): whoever brought one brought it without these rules.
    is_oracles = in_oracles_cloud and not machine.node.os.startswith("debian-")
    if not found and not is_oracles:
        machine.skip("this image is not Oracle's, and has no such rules")
    machine.expect(found, "the image's own file has none of them left")
    return found


def direct_rules(machine: Machine) -> list[str]:
    """What firewalld's direct.xml hands to iptables."""
    try:
        return parse_direct(machine.answers.text(DIRECT) or "<direct/>")
    except ValueError as error:
        machine.differs(f"{DIRECT}: {error}")


@TOPIC.check()
def nothing_of_others_is_frozen_in_the_saved_rules(machine: Machine) -> None:
    found = sorted(set(FOREIGN.findall(saved_rules(machine))))
    machine.expect(not found, found)


@TOPIC.check()
def ufw_is_not_enabled(machine: Machine) -> None:
    if machine.node.family == DNF:
        machine.skip("ufw is Ubuntu's and Debian's")
    text = machine.answers.text("/etc/ufw/ufw.conf") or ""
    machine.expect(not re.search(r"^ENABLED=yes", text, re.MULTILINE), "enabled")
