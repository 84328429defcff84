"""Topic tailnet: logged in as itself, to stay, and with settings that leave the machine alone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from netaddr import IPAddress

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.names import ADDRESS_RECORD, NODE_KEY_DAYS, TAILNET_DEVICE
from tests.hosts.reading import interfaces, machine_name, tailnet_addresses

LOGIN = "`bootstrap.sh --status` says what it waits for: a fresh auth key, or a login by its URL"
RENAME = "delete the other machine of that name in the admin console, then rename this one there"
# ipn/prefs.go: an empty one stands for the first.
TAILSCALES_OWN = ("", "https://controlplane.tailscale.com", "https://login.tailscale.com")
RESOLVER = "100.100.100.100"


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


@check("logged_in", step="tailnet", symptom="the node is NotReady, and no other node reaches it", fix=LOGIN)
def test_the_node_is_logged_in(machine: Machine) -> None:
    found = machine.answers.data("tailnet")["BackendState"]
    machine.expect(found == "Running", found)


@check(
    "connected",
    step="tailnet",
    symptom="new nodes do not see this one, and it sees no new ones",
    fix="tailscale netcheck; is the coordination server up, and may this machine reach it on TCP 443?",
)
def test_the_node_is_connected_to_the_coordination_server(machine: Machine) -> None:
    health = machine.answers.data("tailnet").get("Health") or []
    machine.expect(itself(machine).get("Online") is True, ["not connected", *health])


@check(
    "login_server",
    step="tailnet",
    symptom="the node is Running and still alone",
    fix="sudo tailscale logout; a fresh key into /etc/meshstrap/secrets/auth_key; sudo systemctl restart meshstrap",
)
def test_the_coordination_server_is_the_planned_one(machine: Machine) -> None:
    found = (prefs(machine)["ControlURL"] or "").rstrip("/")
    planned = machine.plan.login_server.rstrip("/")
    machine.expect(found == planned or (not planned and found in TAILSCALES_OWN), found or "Tailscale's own")


@check("tailnet_name", step="tailnet", symptom="workers wait for the control plane for ever", fix=RENAME)
def test_the_node_has_its_own_name_in_the_tailnet(machine: Machine) -> None:
    found = machine_name(itself(machine))
    machine.expect(found == machine.node.name, found)


@check(
    "tags",
    step="tailnet",
    symptom="the node is Running, and connections to other nodes time out",
    fix="give the machine the tag in the admin console, or by: headscale nodes tag -i ID -t TAG",
)
def test_the_node_carries_the_planned_tags(machine: Machine) -> None:
    found = itself(machine).get("Tags") or []
    machine.expect(set(machine.plan.tags) <= set(found), found)


@check(
    "address",
    step="tailnet",
    symptom="the kubelet and the API server speak to an address that is gone",
    fix="build this machine anew; if it has never joined: sudo rm /var/lib/meshstrap/tailnet_address",
)
def test_the_address_is_that_of_the_first_login(machine: Machine) -> None:
    found = tailnet_addresses(machine.answers)
    machine.expect(len(found) == 1, found or f"no address on {TAILNET_DEVICE}")
    machine.expect(IPAddress(found[0]) in machine.plan.network.tailnet_subnet, found)
    first = (machine.answers.text(ADDRESS_RECORD) or "").strip()
    machine.expect(first == found[0], f"{found[0]} now, {first or 'not recorded'} at first")


@check(
    "underlay_mtu",
    step="tailnet",
    symptom="small packets pass and large ones vanish: ping works, TLS hangs",
    fix="take TS_DEBUG_MTU out of /etc/default/tailscaled, then: sudo systemctl restart tailscaled",
)
def test_the_tailnets_mtu_is_the_planned_one(machine: Machine) -> None:
    device = interfaces(machine.answers).get(TAILNET_DEVICE)
    machine.expect(device, f"no {TAILNET_DEVICE}")
    assert device
    machine.expect(device["mtu"] == machine.plan.network.underlay_mtu, device["mtu"])


@check("accept_dns", step="tailnet", symptom="pods resolve names slowly, wrongly or not at all")
def test_the_tailnet_leaves_name_resolution_alone(machine: Machine) -> None:
    machine.expect(not prefs(machine)["CorpDNS"], "accept-dns is on")
    files = machine.answers.texts("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
    found = [path for path, text in files.items() if re.search(rf"^nameserver {RESOLVER}\s*$", text, re.MULTILINE)]
    machine.expect(not found, [f"{RESOLVER} in {path}" for path in found])


@check("accept_routes", step="tailnet", symptom="the machine loses its own subnet, or pods reach no other node")
def test_the_tailnet_brings_no_routes_that_are_not_planned(machine: Machine) -> None:
    found = bool(prefs(machine)["RouteAll"])
    machine.expect(found == (machine.plan.routing == "tailnet"), "on" if found else "off")


@check(
    "kept_identity",
    step="tailnet",
    symptom="after a reboot the node has a new address and is NotReady",
    fix="take --state=mem: out of FLAGS in /etc/default/tailscaled; a key for a node must not be ephemeral",
)
def test_the_node_is_not_ephemeral(machine: Machine) -> None:
    # Whether its key was ephemeral only the coordination server knows; this is what the machine itself decides.
    line = machine.answers.said("tailscaled")
    if not line:
        raise CannotTell("tailscaled does not run")
    machine.expect("--state=mem:" not in line, "tailscaled keeps its state in memory")
    found = machine.answers.modes("/var/lib/tailscale/tailscaled.state").values()
    machine.expect(any(one.bytes for one in found), "/var/lib/tailscale/tailscaled.state is empty or not there")


@check(
    "node_key",
    step="tailnet",
    symptom="one day the node is NotReady, and its console shows a login URL",
    fix="give the machine its tag, or disable its key's expiry in the admin console; headscale nodes expire --disable",
)
def test_the_node_key_does_not_expire(machine: Machine) -> None:
    machine.expect(not itself(machine).get("Expired"), "expired")
    expiry = itself(machine).get("KeyExpiry")
    if expiry:
        left = (datetime.fromisoformat(expiry).timestamp() - float(machine.answers.said("now"))) / 86400
        machine.expect(left >= NODE_KEY_DAYS, f"expires in {left:.1f} days, on {expiry}")
