"""A living cluster changes to tailnet routing and back: pods keep their addresses, and nothing else is let in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from meshstrap.views.policy import policy_text
from tests.lab.faults import wait_says
from tests.lab.process import wait_until
from tests.lab.verifying import Ssh

from .cluster import Cluster
from .coordination import TAG, Headscale
from .inventory import NODES
from .probe import PORT, Probes
from .routing import (
    WORKERS,
    fresh_probes,
    hand_over_routing,
    take_both_policies,
    take_policy,
    wait_for_the_new_plan,
)
from .stream import Stream
from .supplies import Supplies
from .verified import whole

Note = Callable[[str, object], None]
# The subnet of every account of the lab, and its router.
ACCOUNT, ROUTER = "10.0.0.0/24", "10.0.0.1"
# How long a connection may be silent while every agent restarts, one after the other: far less than the quarter of an
# hour after which the kernel gives it up (tcp_retries2, ip-sysctl).
CHANGE_SECONDS = 600


@pytest.fixture(scope="module")
def changes() -> dict[str, Stream]:
    """The connections that ran between two workers' pods through each change."""
    return {}


@pytest.fixture(scope="module")
def routed(cluster: Cluster, probes: Probes, changes: dict[str, Stream]) -> Cluster:
    """The cluster with tailnet routing."""
    before = cluster.plan
    with _stream(probes) as changes["tailnet"]:
        hand_over_routing(cluster, "tailnet")
        # The policy of VXLAN approves nothing: each node says what it waits for.
        for name in WORKERS:
            said = wait_says(cluster.machines[name], "is advertised, and not approved", seconds=600)
            assert "invoke policy" in said["next"]
        take_both_policies(cluster, before)
        wait_for_the_new_plan(cluster)
        take_policy(cluster)
    fresh_probes(cluster, probes)
    return cluster


def _stream(probes: Probes) -> Stream:
    return Stream(probes.cluster.machines["w1"], probes.pods()["w2"].address, patience=CHANGE_SECONDS)


def test_a_connection_goes_on_through_the_change(
    routed: Cluster, changes: dict[str, Stream], record_property: Note
) -> None:
    assert routed.machines
    assert changes["tailnet"].answers > 0
    record_property("outage", _said(changes["tailnet"]))


def _said(stream: Stream) -> str:
    return f"{stream.answers} answers on one connection, the slowest after {stream.longest:.1f} s"


def test_every_fact_holds_with_tailnet_routing(routed: Cluster, ssh: Ssh, supplies: Supplies) -> None:
    code, verdicts = whole(ssh, routed, supplies)
    assert {f"{one.host} {one.topic}: {one.title}": one.found for one in verdicts if one.is_bad} == {}
    assert code == 0
    assert any(one.title == "No other route of the tailnet is used" and not one.is_bad for one in verdicts)


def test_table_52_has_one_route_for_each_other_node(routed: Cluster) -> None:
    subnets = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in routed.objects("nodes")}
    for name in NODES:
        lines = routed.machines[name].run("ip", "-json", "route", "show", "table", "52").check().out
        found = {route["dst"] for route in json.loads(lines) if route["dst"].startswith("10.244.")}
        assert found == {subnet for node, subnet in subnets.items() if node != name}


def test_pods_see_each_others_own_addresses(routed: Cluster, probes: Probes) -> None:
    pods = probes.pods()
    for here in NODES:
        for there in set(NODES) - {here}:
            url = f"http://{pods[there].address}:{PORT}/"
            seen = routed.in_pod(pods[here].name, ["curl", "--fail", "--silent", "--max-time", "10", url]).check()
            assert seen.out.split()[1:] == [there, pods[here].address]


def test_a_route_of_somebody_else_takes_no_subnet_from_a_node(routed: Cluster, headscale: Headscale) -> None:
    other, node = routed.machines["w2"], routed.machines["w1"]
    (own,) = [one["spec"]["podCIDR"] for one in routed.objects("nodes") if one["metadata"]["name"] == "w2"]
    other.run("tailscale", "set", f"--advertise-routes={own},{ACCOUNT}").check()
    # Our own policy would keep the route from the others; a tailnet that people use has wider ones.
    ours = policy_text(routed.plan)
    headscale.take_policy(
        ours.replace('"grants": [', f'"grants": [{{"src": ["{TAG}"], "dst": ["*"], "ip": ["*"]}},', 1)
    )
    try:
        headscale.approve("w2", f"{own},{ACCOUNT}")

        def is_brought() -> bool:
            return ACCOUNT in node.run("ip", "route", "show", "table", "52").out

        wait_until(is_brought, "the route in Tailscale's table", seconds=120)
        assert "dev ens3" in node.run("ip", "route", "get", ROUTER).check().out
    finally:
        other.run("tailscale", "set", f"--advertise-routes={own}").check()
        headscale.approve("w2", own)
        headscale.take_policy(ours)


def test_a_lost_route_sends_nothing_out_by_the_network_card(routed: Cluster) -> None:
    node = routed.machines["w1"]
    (away,) = [one["spec"]["podCIDR"] for one in routed.objects("nodes") if one["metadata"]["name"] == "w2"]
    address = away.replace(".0/24", ".77")
    assert "dev tailscale0" in node.run("ip", "route", "get", address).check().out
    node.run("ip", "route", "del", away, "table", "52").check()
    try:
        refused = node.run("ip", "route", "get", address)
        assert refused.code != 0, refused.out
    finally:
        node.run("ip", "route", "add", away, "dev", "tailscale0", "table", "52").check()


def test_the_way_back_leaves_a_connection_alone_as_well(
    routed: Cluster, probes: Probes, changes: dict[str, Stream], record_property: Note
) -> None:
    before = routed.plan
    with _stream(probes) as changes["vxlan"]:
        hand_over_routing(routed, "vxlan")
        take_both_policies(routed, before)
        wait_for_the_new_plan(routed)
        take_policy(routed)
    assert changes["vxlan"].answers > 0
    record_property("outage", _said(changes["vxlan"]))
    fresh_probes(routed, probes)
