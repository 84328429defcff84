"""A living cluster changes to tailnet routing and back: pods keep their addresses, and nothing else is let in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from meshstrap.inventory import load_inventory
from meshstrap.plan import Plan, derive_plan
from meshstrap.views.policy import policy_text
from tests.lab.faults import wait_says
from tests.lab.node import status
from tests.lab.process import wait_until
from tests.lab.verifying import Ssh

from .cluster import Cluster
from .coordination import TAG, Headscale
from .healing import healed
from .inventory import NODES
from .probe import PORT, SERVICE, Probes
from .supplies import Supplies
from .verified import whole

WORKERS = tuple(name for name in NODES if name != "cp1")
# The subnet of every account of the lab, and its router.
ACCOUNT, ROUTER = "10.0.0.0/24", "10.0.0.1"


def plan_of(cluster: Cluster) -> Plan:
    return derive_plan(load_inventory(cluster.inventory))


def change_routing(cluster: Cluster, probes: Probes, way: str) -> None:
    """Render with another routing, hand the scripts over, workers first, and start the probes anew: pods keep the MTU
    that they were born with."""
    text = cluster.inventory.read_text()
    other = text.replace("cilium:\n", f"cilium:\n  routing: {way}\n", 1)
    if "  routing: " in text:
        other = text.replace("  routing: tailnet\n", "", 1)
    cluster.inventory.write_text(other)
    cluster.render_again()
    for name in (*WORKERS, "cp1"):
        cluster.hand_over(name)


def all_converged(cluster: Cluster) -> None:
    hashes = {name: (cluster.folder / "generated" / name / "bootstrap.sh").read_text() for name in NODES}

    def converged() -> bool:
        found = {name: status(cluster.machines[name]) for name in NODES}
        return all(one.get("state") == "converged" and one["plan_hash"] in hashes[name] for name, one in found.items())

    wait_until(converged, "every node converges on its new plan", seconds=900, every=2)


def fresh_probes(cluster: Cluster, probes: Probes) -> None:
    cluster.kubectl("rollout", "restart", f"daemonset/{SERVICE}").check()
    cluster.kubectl("rollout", "status", f"daemonset/{SERVICE}", "--timeout=300s", timeout=330).check()
    healed(probes)


@pytest.fixture(scope="module")
def routed(cluster: Cluster, probes: Probes, headscale: Headscale) -> Iterator[Cluster]:
    """The cluster with tailnet routing; with VXLAN again at the end."""
    change_routing(cluster, probes, "tailnet")
    # The policy of VXLAN approves nothing: each node says what it waits for.
    for name in WORKERS:
        said = wait_says(cluster.machines[name], "is advertised, and not approved", seconds=600)
        assert "invoke policy" in said["next"]
    headscale.take_policy(policy_text(plan_of(cluster)))
    all_converged(cluster)
    fresh_probes(cluster, probes)
    yield cluster
    change_routing(cluster, probes, "vxlan")
    headscale.take_policy(policy_text(plan_of(cluster)))
    all_converged(cluster)
    fresh_probes(cluster, probes)


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
    ours = policy_text(plan_of(routed))
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
