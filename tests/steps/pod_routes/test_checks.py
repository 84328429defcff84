"""With tailnet routing each of the checks can fail, and says what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from meshstrap.plan import Plan
from meshstrap.steps import STEPS
from meshstrap.verify.answers import Answers
from meshstrap.verify.arrival import arrive
from meshstrap.verify.questions import questions
from meshstrap.verify.verdict import Outcome, Verdict
from tests.golden.cases import plan_of
from tests.unit.hosts.evaluate import evaluate
from tests.unit.hosts.faults import Change, Raw, data
from tests.unit.hosts.green import green

TAILNET = """
cluster: {name: home}
tailnet: {login_server: 'https://headscale.example.net'}
cilium: {routing: tailnet}
accounts: [{name: a}, {name: b}]
nodes: [{name: cp1, account: a, role: control-plane}, {name: w1, account: b, role: worker}]
"""
OURS = {f"tailnet.{name}" for name in yaml.safe_load((STEPS / "pod_routes" / "checks.yaml").read_text())}
OWN, OTHER = "10.244.0.0/24", "10.244.1.0/24"
ROUTES = [
    {"dst": "100.64.0.2", "dev": "tailscale0", "table": "52"},
    {"dst": OTHER, "dev": "tailscale0", "table": "52"},
    {"dst": "default", "gateway": "10.0.0.1", "dev": "enp0s6"},
    {"dst": OWN, "gateway": "10.244.0.12", "dev": "cilium_host"},
    {"dst": "10.244.0.12", "dev": "cilium_host"},
    {"type": "unreachable", "dst": "10.244.0.0/16", "dev": "lo", "protocol": "kernel"},
]
RULES = [
    {"priority": 5207, "src": "all", "dst": "100.64.0.0", "dstlen": 10, "table": "52", "protocol": "kernel"},
    {"priority": 5208, "src": "all", "dst": "10.244.0.0", "dstlen": 16, "table": "52", "protocol": "kernel"},
    {"priority": 5209, "src": "all", "goto": 5280, "protocol": "kernel"},
    {"priority": 5210, "src": "all", "fwmark": "0x80000", "fwmask": "0xff0000", "table": "main"},
]


def plan() -> Plan:
    return plan_of(TAILNET)


def host() -> Raw:
    raw = green("cp1")
    data("routes", lambda told: told.__setitem__(slice(None), ROUTES))(raw)
    data("rules", lambda told: told.__setitem__(slice(None), RULES))(raw)
    data("tailnet", lambda told: told["Self"].update(AllowedIPs=["100.64.0.1/32", OWN]))(raw)
    data("tailnet_settings", lambda told: told.update(AdvertiseRoutes=[OWN], NoSNAT=True, RouteAll=True))(raw)
    return raw


def judged(raw: Raw) -> dict[str, Verdict]:
    asked = questions(plan(), whole=False)
    found = evaluate(arrive(plan(), "cp1", lambda: Answers(raw, asked.commands), whole=False))
    return {name.partition(".")[2]: one for name, one in found.items() if name in OURS}


def edit(name: str, change: Callable[[Any], object]) -> Change:
    return data(name, change)


FAULTS = [
    (
        "the_nodes_pods_are_a_route_of_the_tailnet",
        edit("tailnet_settings", lambda told: told.update(AdvertiseRoutes=["10.244.0.0/16"])),
        f"advertised are 10.244.0.0/16, its own is {OWN}",
    ),
    (
        "the_nodes_pods_are_a_route_of_the_tailnet",
        edit("tailnet_settings", lambda told: told.update(NoSNAT=False)),
        "pods are hidden behind their node's address",
    ),
    (
        "every_other_nodes_pods_are_reached_through_the_tailnet",
        edit("routes", lambda told: told.pop(1)),
        "0 routes",
    ),
    (
        "every_other_nodes_pods_are_reached_through_the_tailnet",
        edit("routes", lambda told: told[1].update(dev="enp0s6")),
        f"{OTHER} by enp0s6",
    ),
    (
        "no_other_route_of_the_tailnet_is_used",
        edit("rules", lambda told: told.pop(1)),
        "no rule 5208 to 10.244.0.0/16",
    ),
    (
        "no_other_route_of_the_tailnet_is_used",
        edit("rules", lambda told: told.pop(2)),
        "no rule 5209 past Tailscale's",
    ),
    (
        "no_other_route_of_the_tailnet_is_used",
        edit("routes", lambda told: told.pop(5)),
        "without a route packets to 10.244.0.0/16 leave by the network card",
    ),
]


def test_a_node_whose_pods_are_routed_is_as_planned() -> None:
    assert {one.outcome for one in judged(host()).values()} == {Outcome.HOLDS}


@pytest.mark.parametrize(("check", "change", "found"), FAULTS)
def test_each_can_fail(check: str, change: Change, found: str) -> None:
    raw = host()
    change(raw)
    bad = {name: one for name, one in judged(raw).items() if one.is_bad}
    assert list(bad) == [check]
    assert found in bad[check].found


def test_without_tailnet_routing_they_are_no_question() -> None:
    raw = green("cp1")
    wrapped = plan_of(TAILNET.replace("cilium: {routing: tailnet}", ""))
    asked = questions(wrapped, whole=False)
    found = evaluate(arrive(wrapped, "cp1", lambda: Answers(raw, asked.commands), whole=False))
    assert {one.outcome for name, one in found.items() if name in OURS} == {Outcome.SKIPPED}
