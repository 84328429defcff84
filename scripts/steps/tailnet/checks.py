"""Logged in as itself, to stay, and with settings that leave the machine alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from netaddr import IPAddress

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import ADDRESS_RECORD, TAILNET_DEVICE
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import interfaces, own_name, tailnet_addresses

# ipn/prefs.go: an empty one stands for the first.
TAILSCALES_OWN = ("", "https://controlplane.tailscale.com", "https://login.tailscale.com")
RESOLVER = "100.100.100.100"
_SETTINGS = (
    "timeout 15 tailscale debug prefs | python3 -c 'import json, sys; d = json.load(sys.stdin); "
    'names = ("ControlURL", "CorpDNS", "RouteAll", "AdvertiseRoutes", "NoSNAT", "Hostname"); '
    "print(json.dumps({name: d.get(name) for name in names}))'"
)


def asks(plan: Plan) -> Asked:
    """What tailscaled was told, and what it keeps."""
    del plan
    return Asked(
        texts=("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", ADDRESS_RECORD),
        modes=("/var/lib/tailscale/tailscaled.state",),
        commands=(
            Question("tailnet_settings", _SETTINGS),
            Question("tailscaled", "ps -ww -C tailscaled -o args=", codes=(0, 1)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {
        "login_server": plan.login_server or "Tailscale's own",
        "tags": ", ".join(plan.tags),
        "accept_routes": "on" if plan.routing == "tailnet" else "off",
    }


TOPIC = Topic("tailnet", __file__, asks=asks, values=values)


def itself(machine: Machine) -> dict[str, Any]:
    """What tailscaled says of this machine."""
    found: dict[str, Any] | None = machine.answers.data("tailnet").get("Self")
    if not found:
        raise CannotTell("tailscaled says nothing of this machine")
    return found


def prefs(machine: Machine) -> dict[str, Any]:
    """What tailscaled has been told."""
    found: dict[str, Any] = machine.answers.data("tailnet_settings")
    return found


@TOPIC.check()
def the_node_is_logged_in(machine: Machine) -> None:
    found = machine.answers.data("tailnet")["BackendState"]
    machine.expect(found == "Running", found)


@TOPIC.check()
def the_node_is_connected_to_the_coordination_server(machine: Machine) -> None:
    health = machine.answers.data("tailnet").get("Health") or []
    machine.expect(itself(machine).get("Online") is True, ["not connected", *health])


@TOPIC.check()
def the_coordination_server_is_the_planned_one(machine: Machine) -> None:
    found = (prefs(machine)["ControlURL"] or "").rstrip("/")
    planned = machine.plan.login_server.rstrip("/")
    machine.expect(found == planned or (not planned and found in TAILSCALES_OWN), found or "Tailscale's own")


@TOPIC.check()
def the_node_has_its_own_name_in_the_tailnet(machine: Machine) -> None:
    found = own_name(itself(machine))
    machine.expect(found == machine.node.name, found)


@TOPIC.check()
def the_node_carries_the_planned_tags(machine: Machine) -> None:
    found = itself(machine).get("Tags") or []
    machine.expect(set(machine.plan.tags) <= set(found), found)


@TOPIC.check()
def the_address_is_that_of_the_first_login(machine: Machine) -> None:
    found = tailnet_addresses(machine.answers)
    machine.expect(len(found) == 1, found or f"no address on {TAILNET_DEVICE}")
    machine.expect(IPAddress(found[0]) in machine.plan.network.tailnet_subnet, found)
    first = (machine.answers.text(ADDRESS_RECORD) or "").strip()
    machine.expect(first == found[0], f"{found[0]} now, {first or 'not recorded'} at first")


@TOPIC.check()
def the_tailnets_mtu_is_the_planned_one(machine: Machine) -> None:
    device = interfaces(machine.answers).get(TAILNET_DEVICE)
    if device is None:
        machine.differs(f"no {TAILNET_DEVICE}")
    machine.expect(device["mtu"] == machine.plan.network.underlay_mtu, device["mtu"])


@TOPIC.check()
def the_tailnet_leaves_name_resolution_alone(machine: Machine) -> None:
    machine.expect(not prefs(machine)["CorpDNS"], "accept-dns is on")
    files = machine.answers.texts("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
    found = [path for path, text in files.items() if re.search(rf"^nameserver {RESOLVER}\s*$", text, re.MULTILINE)]
    machine.expect(not found, [f"{RESOLVER} in {path}" for path in found])


@TOPIC.check()
def the_tailnet_brings_no_routes_that_are_not_planned(machine: Machine) -> None:
    found = bool(prefs(machine)["RouteAll"])
    machine.expect(found == (machine.plan.routing == "tailnet"), "on" if found else "off")


@TOPIC.check()
def the_node_is_not_ephemeral(machine: Machine) -> None:
    # Whether its key was ephemeral only the coordination server knows; this is what the machine itself decides.
    line = machine.answers.said("tailscaled")
    if not line:
        raise CannotTell("tailscaled does not run")
    machine.expect("--state=mem:" not in line, "tailscaled keeps its state in memory")
    found = machine.answers.modes("/var/lib/tailscale/tailscaled.state").values()
    machine.expect(any(one.bytes for one in found), "/var/lib/tailscale/tailscaled.state is empty or not there")
