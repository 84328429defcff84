"""A living cluster changes how its pods' packets travel: rendered anew, handed over, and awaited."""

from __future__ import annotations

import json

from meshstrap.plan import Plan
from meshstrap.views.policy import policy_beside, policy_text
from tests.lab.node import status
from tests.lab.process import wait_until

from .cluster import Cluster
from .healing import healed
from .inventory import NODES, routed
from .probe import SERVICE, Probes

WORKERS = tuple(name for name in NODES if name != "cp1")


def hand_over_routing(cluster: Cluster, way: str) -> None:
    """Render with another ``cilium.routing``, and hand the scripts over, workers first."""
    cluster.inventory.write_text(routed(cluster.inventory.read_text(), way))
    cluster.render_again()
    for name in (*WORKERS, "cp1"):
        cluster.hand_over(name)


def take_policy(cluster: Cluster) -> None:
    """Give the coordination server the policy of the present plan, as a person does with what `invoke policy` wrote."""
    cluster.headscale.take_policy(policy_text(cluster.plan))


def take_both_policies(cluster: Cluster, before: Plan) -> None:
    """Give it that of the plan ``before`` with what the present one needs beside it: `invoke policy --beside`."""
    _, both = policy_beside(cluster.plan, policy_text(before), "the policy so far")
    cluster.headscale.take_policy(json.dumps(both))


def wait_for_the_new_plan(cluster: Cluster) -> None:
    """Wait until every node has converged on what was handed over last."""
    scripts = {name: (cluster.folder / "generated" / name / "bootstrap.sh").read_text() for name in NODES}

    def converged() -> bool:
        found = {name: status(cluster.machines[name]) for name in NODES}
        return all(one.get("state") == "converged" and one["plan_hash"] in scripts[name] for name, one in found.items())

    wait_until(converged, "every node converges on its new plan", seconds=900, every=2)


def fresh_probes(cluster: Cluster, probes: Probes) -> None:
    """Start the probes anew: pods keep the MTU that they were born with."""
    cluster.kubectl("rollout", "restart", f"daemonset/{SERVICE}").check()
    cluster.kubectl("rollout", "status", f"daemonset/{SERVICE}", "--timeout=300s", timeout=330).check()
    healed(probes)


def change_routing(cluster: Cluster, probes: Probes, way: str) -> None:
    """The whole change, from the inventory to pods that are born in it."""
    before = cluster.plan
    hand_over_routing(cluster, way)
    take_both_policies(cluster, before)
    wait_for_the_new_plan(cluster)
    take_policy(cluster)
    fresh_probes(cluster, probes)
