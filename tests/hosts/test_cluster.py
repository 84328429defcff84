"""Topic cluster, with ``--cluster``: nodes together, and pods that reach each other as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import whole_check
from meshstrap.fleet.cluster import CLUSTER
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.cluster import inside_name, outside_name
from meshstrap.plan.hosts.names import METADATA_ADDRESS, TRANSFER_BYTES
from tests.hosts.reading import machine_name

LOOK_AT_NODE = "kubectl get nodes -o wide; then on that node: sudo bash /opt/meshstrap/bootstrap.sh --status"
LOOK_AT_CILIUM = "kubectl -n kube-system get pods -o wide; on both nodes: tailscale status; sudo cilium-dbg status"
LOOK_AT_DNS = "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide, then kubectl logs of each"


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
    if len(found) < 2:
        pytest.skip("there is no pair of nodes with pods")
    for here, said in found.items():
        for there, value in said[name].items():
            yield f"{here} to {there}", value


def every_pod(machine: Machine, problem: Callable[[dict[str, Any]], str]) -> None:
    """Expect that no pod has a problem."""
    __tracebackhide__ = True
    found = {node: problem(said) for node, said in pods(machine).items()}
    wrong = [f"{node}: {why}" for node, why in found.items() if why]
    machine.expect(not wrong, wrong)


@whole_check("nodes_ready", symptom="pods are not scheduled on a node, or vanish from it", fix=LOOK_AT_NODE)
def test_every_node_is_ready_by_its_tailnet_address(machine: Machine) -> None:
    status = machine.answers.data("tailnet")
    members = {machine_name(one): one for one in (status.get("Peer") or {}).values()} | {
        machine.node.name: status["Self"]
    }
    tailnet = {name: (one.get("TailscaleIPs") or [""])[0] for name, one in members.items()}
    found = {node["name"]: node for node in told(machine)["nodes"]}
    wrong = [f"{node.name} has not joined" for node in machine.plan.nodes if node.name not in found]
    wrong += [f"{name} is no node of the plan" for name in found.keys() - {node.name for node in machine.plan.nodes}]
    for name, node in found.items():
        wrong += [] if node["ready"] else [f"{name} is not Ready"]
        if node["addresses"] != [tailnet.get(name)]:
            wrong += [f"{name} has {', '.join(node['addresses'])}, in the tailnet {tailnet.get(name) or 'nothing'}"]
    machine.expect(not wrong, wrong)


@whole_check(
    "pods_start",
    symptom="pods are stuck in Pending or ContainerCreating",
    fix="kubectl get events -A; `invoke verify --cluster --image IMAGE` takes another image with python3",
)
def test_a_pod_starts_on_every_node(machine: Machine) -> None:
    lacking = told(machine)["lacking"]
    machine.expect(not lacking, [f"{node}: {why}" for node, why in lacking.items()])


@whole_check("exact_mtu", symptom="ping works, TLS handshakes and downloads between pods hang", fix=LOOK_AT_CILIUM)
def test_pods_reach_each_other_at_exactly_the_pod_mtu(machine: Machine) -> None:
    wrong = [f"{pair}: {why}" for pair, why in pairs(machine, "exact") if why]
    machine.expect(not wrong, wrong)


@whole_check("no_larger", symptom="connections between pods are slow, and lose packets under load", fix=LOOK_AT_CILIUM)
def test_not_one_byte_more_comes_through(machine: Machine) -> None:
    wrong = [f"{pair}: one byte more comes through" for pair, why in pairs(machine, "larger") if not why]
    machine.expect(not wrong, wrong)


@whole_check("transfers", symptom="large images, backups and database copies between pods hang", fix=LOOK_AT_CILIUM)
def test_much_gets_through_in_both_directions(machine: Machine) -> None:
    found = dict(pairs(machine, "transfer"))
    wrong = [f"{pair}: {said['error']}" for pair, said in found.items() if "error" in said]
    machine.expect(not wrong, wrong)
    for pair, said in found.items():
        machine.measure(f"{pair} {TRANSFER_BYTES / 2**20 / said['seconds']:.0f} MiB/s")


@whole_check(
    "cluster_ip",
    symptom="a Service answers from some pods only, or now and then",
    fix=f"sudo cilium-dbg service list, in the agent of that node; {LOOK_AT_CILIUM}",
)
def test_a_service_leads_to_every_node_from_every_pod(machine: Machine) -> None:
    nodes = pods(machine).keys()

    def problem(said: dict[str, Any]) -> str:
        service = said["service"]
        lacking = sorted(nodes - set(service["seen"]))
        return "; ".join([*(f"never reached {node}" for node in lacking), *(service["errors"] if lacking else [])])

    every_pod(machine, problem)


@whole_check(
    "node_port",
    symptom="a NodePort cannot be reached through some nodes",
    fix="cilium values nodePort.addresses; the host's firewall: sudo iptables -nvL INPUT",
)
def test_every_node_answers_at_a_node_port(machine: Machine) -> None:
    wrong = [f"{node}: {why}" for node, why in told(machine)["node_port"].items() if why]
    machine.expect(not wrong, wrong)


@whole_check(
    "no_proxies",
    symptom="a Service leads to pods that are gone",
    fix="kubectl -n kube-system delete daemonset kube-proxy; its rules are gone after a reboot of each node",
)
def test_no_kube_proxy_is_anywhere(machine: Machine) -> None:
    found = told(machine)["proxies"]
    machine.expect(not found, found)


@whole_check("inside_names", symptom="programs in pods do not find Services by name", fix=LOOK_AT_DNS)
def test_pods_resolve_names_of_the_cluster(machine: Machine) -> None:
    wanted = [str(machine.plan.network.service_subnet[1])]

    def problem(said: dict[str, Any]) -> str:
        answer = said["names"][inside_name()]
        return "" if answer.get("addresses") == wanted else str(answer.get("error") or ", ".join(answer["addresses"]))

    every_pod(machine, problem)


@whole_check("outside_names", symptom="pods reach nothing outside by name", fix=LOOK_AT_DNS)
def test_pods_resolve_names_of_the_world(machine: Machine) -> None:
    every_pod(machine, lambda said: str(said["names"][outside_name(machine.node)].get("error", "")))


@whole_check(
    "metadata_closed",
    symptom="none, until a pod takes the machine's identity",
    fix="sudo bash /opt/meshstrap/bootstrap.sh --only cluster_policies, on the control plane",
)
def test_no_pod_reaches_the_metadata_service(machine: Machine) -> None:
    every_pod(machine, lambda said: "" if said["metadata"] else "it connects")


@whole_check(
    "metadata_resolves",
    symptom="pods resolve no name, though nodes do",
    fix="kubectl get ciliumclusterwidenetworkpolicies,networkpolicies -A: does one deny UDP 53?",
)
def test_pods_resolve_through_the_clouds_name_server(machine: Machine) -> None:
    files = machine.answers.texts("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
    if not any(METADATA_ADDRESS in text for text in files.values()):
        pytest.skip(f"this machine resolves names elsewhere than at {METADATA_ADDRESS}")
    every_pod(machine, lambda said: str(said["resolver"]))


@whole_check(
    "own_kubelets",
    symptom="kubectl top and autoscaling lack the metrics of a node",
    fix="sudo bash /opt/meshstrap/bootstrap.sh --only host_firewall, on that node",
)
def test_pods_reach_the_kubelet_of_their_own_node(machine: Machine) -> None:
    every_pod(machine, lambda said: str(said["kubelet"]))


@whole_check(
    "tailnet_paths",
    step="tailnet",
    symptom="pods of two nodes do not reach each other, or slowly",
    fix="tailscale status and tailscale netcheck on both nodes; let UDP 41641 in for direct paths",
)
def test_every_other_node_answers_through_the_tailnet(machine: Machine) -> None:
    lines = {line.partition(" ")[0]: line.partition(" ")[2] for line in machine.answers.lines("paths")}
    others = [node.name for node in machine.plan.nodes if node.name != machine.node.name]
    wrong = [f"{name}: {lines.get(name) or 'no answer'}" for name in others if " via " not in lines.get(name, "")]
    machine.expect(not wrong, wrong)
    for name in others:
        # "pong from w1 (100.64.0.2) via 192.0.2.7:41641 in 2ms", or "via DERP(fra) in 40ms".
        way, _, latency = lines[name].partition(" via ")[2].partition(" in ")
        kind = f"relayed by {way}" if way.startswith("DERP") else f"direct, {way}"
        machine.measure(f"{machine.node.name} to {name} {kind}, {latency}")


@whole_check(
    "nothing_left",
    symptom="a namespace meshstrap-verify-… stays",
    fix="kubectl delete namespace -l app.kubernetes.io/managed-by=meshstrap-verify",
)
def test_the_verification_leaves_nothing_behind(machine: Machine) -> None:
    left = machine.answers.data(CLUSTER).get("left")
    machine.expect(not left, left)
