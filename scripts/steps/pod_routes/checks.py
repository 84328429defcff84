"""With tailnet routing: each node's pods are a route of the tailnet, and no other route of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaddr import IPNetwork

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import MESH_RULE, PAST_TAILSCALE_RULE, POD_RULE, TAILNET_DEVICE, TAILNET_TABLE
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine

CILIUMS_DEVICE = "cilium_host"


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {"others": len(plan.nodes) - 1}


TOPIC = Topic("tailnet", __file__, values=values)


def routes(machine: Machine) -> list[dict[str, Any]]:
    """This machine's routes into the pod subnet, as iproute2 tells them."""
    known = [route for route in machine.answers.data("routes") if route.get("dst") not in {None, "default"}]
    return [route for route in known if IPNetwork(route["dst"]) in machine.plan.network.pod_subnet]


def own_subnet(machine: Machine) -> str:
    """The share of the pod subnet that Kubernetes has given this node, as Cilium has taken it."""
    prefix = machine.plan.network.node_pod_prefix
    own = [
        route["dst"]
        for route in routes(machine)
        if route.get("dev") == CILIUMS_DEVICE and IPNetwork(route["dst"]).prefixlen == prefix
    ]
    if len(own) != 1:
        raise CannotTell("Cilium has no pod subnet on this node yet")
    return str(own[0])


@TOPIC.check()
def the_nodes_pods_are_a_route_of_the_tailnet(machine: Machine) -> None:
    own, prefs = own_subnet(machine), machine.answers.data("tailnet_settings")
    advertised = prefs["AdvertiseRoutes"] or []
    machine.expect(advertised == [own], f"advertised are {', '.join(advertised) or 'none'}, its own is {own}")
    machine.expect(prefs["NoSNAT"], "pods are hidden behind their node's address")


@TOPIC.check()
def every_other_nodes_pods_are_reached_through_the_tailnet(machine: Machine) -> None:
    found = [route for route in routes(machine) if str(route.get("table")) == TAILNET_TABLE]
    wrong = [f"{route['dst']} by {route.get('dev')}" for route in found if route.get("dev") != TAILNET_DEVICE]
    machine.expect(not wrong, wrong)
    others = len(machine.plan.nodes) - 1
    machine.expect(len(found) == others, f"{len(found)} routes: {', '.join(sorted(route['dst'] for route in found))}")


@TOPIC.check()
def no_other_route_of_the_tailnet_is_used(machine: Machine) -> None:
    subnet = machine.plan.network.pod_subnet
    rules = {rule["priority"]: rule for rule in machine.answers.data("rules")}
    pods = rules.get(POD_RULE, {})
    leads = f"{pods.get('dst')}/{pods.get('dstlen')}" == str(subnet) and str(pods.get("table")) == TAILNET_TABLE
    machine.expect(leads, f"no rule {POD_RULE} to {subnet}")
    past = rules.get(PAST_TAILSCALE_RULE, {})
    machine.expect("goto" in past, f"no rule {PAST_TAILSCALE_RULE} past Tailscale's; {_foreign(machine)}")
    refused = [route for route in routes(machine) if route.get("type") == "unreachable" and route["dst"] == str(subnet)]
    machine.expect(refused, f"without a route packets to {subnet} leave by the network card")


def _foreign(machine: Machine) -> str:
    """What the tailnet would otherwise bring."""
    known = (machine.plan.network.pod_subnet, machine.plan.network.tailnet_subnet)
    found = [
        route["dst"]
        for route in machine.answers.data("routes")
        if str(route.get("table")) == TAILNET_TABLE
        and route.get("dst") not in {None, "default"}
        and not any(IPNetwork(route["dst"]) in subnet for subnet in known)
    ]
    return f"the tailnet brings {', '.join(found)}" if found else f"rule {MESH_RULE} alone is no bar to others' routes"
