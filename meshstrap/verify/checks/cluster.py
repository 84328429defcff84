"""Topic cluster, with ``--cluster``: nodes together, and pods that reach each other as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import METADATA_ADDRESS, TRANSFER_BYTES
from meshstrap.ssh import peers_of
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.cluster import CLUSTER, STEP, inside_name, outside_name
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import tailnet_address


def asks(plan: Plan) -> Asked:
    """The ways through the tailnet; the answer to the last question comes from the control plane's pods."""
    pings = (
        f"for n in {' '.join(node.name for node in plan.nodes)}; do [[ $n == $(uname -n) ]] || "
        "{ echo $n $(timeout 20 tailscale ping --c 3 --timeout 5s --until-direct=false $n 2>&1 | tail -n 1); } & "
        "done; wait"
    )
    return Asked(
        texts=("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"),
        commands=(Question("paths", pings, seconds=60), Question(CLUSTER, "")),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    return {
        "nodes": ", ".join(one.name for one in plan.nodes),
        "one_more": plan.network.pod_mtu + 1,
        "transfer_mib": TRANSFER_BYTES >> 20,
        "inside_name": inside_name(),
        "outside_name": outside_name(node),
    }


TOPIC = Topic("cluster", __file__, asks=asks, values=values, whole=True)


def told(machine: Machine) -> dict[str, Any]:
    """All that the cluster has said."""
    found: dict[str, Any] = machine.answers.data(CLUSTER)
    if "error" in found:
        raise CannotTell(f"the cluster could not be asked: {found['error']}")
    return found


def pods(machine: Machine) -> dict[str, dict[str, Any]]:
    """What each pod has found, by its node."""
    found: dict[str, dict[str, Any]] = told(machine)["pods"]
    if not found:
        raise CannotTell("no pod of the verification has come to run")
    silent = [f"the pod on {node}: {said['error']}" for node, said in found.items() if "error" in said]
    if silent:
        raise CannotTell("; ".join(silent))
    return found


def pairs(machine: Machine, name: str) -> Iterator[tuple[str, Any]]:
    """What was found for every pair of nodes, as ``cp1 → w1``."""
    found = pods(machine)
    if len(found) == 1:
        machine.skip("there is no pair of nodes with pods")
    for here, said in found.items():
        for there, value in said[name].items():
            yield f"{here} to {there}", value


def every_pod(machine: Machine, problem: Callable[[dict[str, Any]], str]) -> None:
    """Expect that no pod has a problem."""
    found = {node: problem(said) for node, said in pods(machine).items()}
    wrong = [f"{node}: {why}" for node, why in found.items() if why]
    machine.expect(not wrong, wrong)


@TOPIC.check(step=STEP)
def every_node_is_ready_by_its_tailnet_address(machine: Machine) -> None:
    peers = peers_of(machine.answers.data("tailnet"), machine.plan.tags)
    tailnet = {name: " or ".join(one.address for one in same) for name, same in peers.items()}
    tailnet[machine.node.name] = tailnet_address(machine.answers)
    found = {node["name"]: node for node in told(machine)["nodes"]}
    wrong = [f"{node.name} has not joined" for node in machine.plan.nodes if node.name not in found]
    wrong += [f"{name} is no node of the plan" for name in found.keys() - {node.name for node in machine.plan.nodes}]
    for name, node in found.items():
        wrong += [] if node["ready"] else [f"{name} is not Ready"]
        if node["addresses"] != [tailnet.get(name)]:
            wrong += [f"{name} has {', '.join(node['addresses'])}, in the tailnet {tailnet.get(name) or 'nothing'}"]
    machine.expect(not wrong, wrong)


@TOPIC.check(step=STEP)
def a_pod_starts_on_every_node(machine: Machine) -> None:
    lacking = told(machine)["lacking"]
    machine.expect(not lacking, [f"{node}: {why}" for node, why in lacking.items()])


@TOPIC.check(step=STEP)
def pods_reach_each_other_at_exactly_the_pod_mtu(machine: Machine) -> None:
    wrong = [f"{pair}: {why}" for pair, why in pairs(machine, "exact") if why]
    machine.expect(not wrong, wrong)


@TOPIC.check(step=STEP)
def not_one_byte_more_comes_through(machine: Machine) -> None:
    wrong = [f"{pair}: one byte more comes through" for pair, why in pairs(machine, "larger") if not why]
    machine.expect(not wrong, wrong)


@TOPIC.check(step=STEP)
def much_gets_through_in_both_directions(machine: Machine) -> None:
    found = dict(pairs(machine, "transfer"))
    wrong = [f"{pair}: {said['error']}" for pair, said in found.items() if "error" in said]
    machine.expect(not wrong, wrong)
    for pair, said in found.items():
        machine.measure(f"{pair} {TRANSFER_BYTES / 2**20 / said['seconds']:.0f} MiB/s")


@TOPIC.check(step=STEP)
def a_service_leads_to_every_node_from_every_pod(machine: Machine) -> None:
    nodes = pods(machine).keys()

    def problem(said: dict[str, Any]) -> str:
        service = said["service"]
        lacking = sorted(nodes - set(service["seen"]))
        return "; ".join([*(f"never reached {node}" for node in lacking), *(service["errors"] if lacking else [])])

    every_pod(machine, problem)


@TOPIC.check(step=STEP)
def every_node_answers_at_a_node_port(machine: Machine) -> None:
    wrong = [f"{node}: {why}" for node, why in told(machine)["node_port"].items() if why]
    machine.expect(not wrong, wrong)


@TOPIC.check(step=STEP)
def no_kube_proxy_is_anywhere(machine: Machine) -> None:
    found = told(machine)["proxies"]
    machine.expect(not found, found)


@TOPIC.check(step=STEP)
def pods_resolve_names_of_the_cluster(machine: Machine) -> None:
    wanted = [str(machine.plan.network.service_subnet[1])]

    def problem(said: dict[str, Any]) -> str:
        answer = said["names"][inside_name()]
        return "" if answer.get("addresses") == wanted else str(answer.get("error") or ", ".join(answer["addresses"]))

    every_pod(machine, problem)


@TOPIC.check(step=STEP)
def names_outlive_any_one_node(machine: Machine) -> None:
    found = told(machine)["resolvers"]
    others = [node["name"] for node in told(machine)["nodes"] if node["ready"] and node["name"] not in found]
    if not found:
        machine.skip("no pod of CoreDNS is ready")
    if others and len(set(found)) == 1:
        machine.warn([f"{len(found)} on {found[0]} alone"])


@TOPIC.check(step=STEP)
def pods_resolve_names_of_the_world(machine: Machine) -> None:
    every_pod(machine, lambda said: str(said["names"][outside_name(machine.node)].get("error", "")))


@TOPIC.check(step=STEP)
def no_pod_reaches_the_metadata_service(machine: Machine) -> None:
    every_pod(machine, lambda said: "" if said["metadata"] else "it connects")


@TOPIC.check(step=STEP)
def pods_resolve_through_the_clouds_name_server(machine: Machine) -> None:
    files = machine.answers.texts("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
    if not any(METADATA_ADDRESS in text for text in files.values()):
        machine.skip(f"this machine resolves names elsewhere than at {METADATA_ADDRESS}")
    every_pod(machine, lambda said: str(said["resolver"]))


@TOPIC.check(step=STEP)
def pods_reach_the_kubelet_of_their_own_node(machine: Machine) -> None:
    every_pod(machine, lambda said: str(said["kubelet"]))


@TOPIC.check(step="tailnet")
def every_other_node_answers_through_the_tailnet(machine: Machine) -> None:
    lines = {line.partition(" ")[0]: line.partition(" ")[2] for line in machine.answers.lines("paths")}
    others = [node.name for node in machine.plan.nodes if node.name != machine.node.name]
    wrong = [f"{name}: {lines.get(name) or 'no answer'}" for name in others if " via " not in lines.get(name, "")]
    machine.expect(not wrong, wrong)
    for name in others:
        # "pong from w1 (100.64.0.2) via 192.0.2.7:41641 in 2ms", or "via DERP(fra) in 40ms".
        way, _, latency = lines[name].partition(" via ")[2].partition(" in ")
        kind = f"relayed by {way}" if way.startswith("DERP") else f"direct, {way}"
        machine.measure(f"{machine.node.name} to {name} {kind}, {latency}")


@TOPIC.check(step=STEP)
def the_verification_leaves_nothing_behind(machine: Machine) -> None:
    left = machine.answers.data(CLUSTER).get("left")
    machine.expect(not left, left)
