"""Topic cilium: the release of the plan, and an agent on this node that does what the plan says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.names import METADATA_ADDRESS, TAILNET_DEVICE
from tests.hosts.kubernetes import denied_ports, flat
from tests.hosts.reading import same

RELEASE, AGENT = "cilium", "node_ready"
UPGRADE = "sudo bash /opt/meshstrap/bootstrap.sh --only cilium, on the control plane"
RESTART = "kubectl -n kube-system rollout restart daemonset cilium"
# Value of the chart → key of the agents' ConfigMap (cilium-configmap.yaml of 1.20).
TOLD = {
    "kubeProxyReplacement": "kube-proxy-replacement",
    "routingMode": "routing-mode",
    "tunnelProtocol": "tunnel-protocol",
    "MTU": "mtu",
    "bpf.masquerade": "enable-bpf-masquerade",
    "ipam.mode": "ipam",
    "ipv6.enabled": "enable-ipv6",
    "l7Proxy": "enable-l7-proxy",
    "hubble.enabled": "enable-hubble",
    "nodePort.addresses": "nodeport-addresses",
}


def release(machine: Machine) -> dict[str, Any]:
    """Helm's newest record of the release."""
    if machine.answers.code("cilium_release") != 0:
        machine.differs("there is no release named cilium")
    found: dict[str, Any] = machine.answers.data("cilium_release")
    return found


def agent(machine: Machine) -> dict[str, Any]:
    """What this node's agent says of itself."""
    if machine.answers.code("cilium_agent") != 0:
        raise CannotTell("no agent runs on this node")
    found: dict[str, Any] = machine.answers.data("cilium_agent")
    return found


@check("cilium_version", step=RELEASE, symptom="an upgrade of Cilium has failed halfway, or somebody made it by hand")
def test_the_release_has_the_planned_version(machine: Machine) -> None:
    found = release(machine)
    text = f"{found['version']}, {found['status']}"
    machine.expect(text == machine.fact.value, text)


@check("cilium_values", step=RELEASE, symptom="pods' network changed without a change of cluster.yaml")
def test_the_release_has_the_planned_values(machine: Machine) -> None:
    found, wanted = flat(release(machine)["values"]), flat(machine.plan.cilium_values)
    wrong = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
    expected = "; ".join(f"{name}: {wanted.get(name, 'not set')}" for name in wrong)
    machine.expect(not wrong, [f"{name}: {found.get(name, 'not set')}" for name in wrong], expected)


@check(
    "cilium_told",
    step=RELEASE,
    symptom="agents do other things than the release says",
    fix=f"{UPGRADE}; then: {RESTART}",
)
def test_the_agents_are_told_the_planned_values(machine: Machine) -> None:
    told, values = machine.answers.data("cilium_told")["data"], flat(machine.plan.cilium_values)
    wanted = {key: values[name].strip("[]") for name, key in TOLD.items() if name in values}
    same(machine, {key: told.get(key) for key in wanted}, wanted)


@check(
    "cilium_agent",
    step=AGENT,
    symptom="pods on this node are stuck in ContainerCreating",
    fix="kubectl -n kube-system get pods -o wide; kubectl -n kube-system logs of the agent on this node",
)
def test_the_agent_is_well(machine: Machine) -> None:
    machine.expect(machine.answers.code("cilium_agent") == 0, "no agent runs on this node")
    found = agent(machine).get("cilium", {})
    machine.expect(found.get("state") == "Ok", f"{found.get('state')}: {found.get('msg', '')}")


@check(
    "kube_proxy_replacement",
    step=AGENT,
    symptom="no Service can be reached by its ClusterIP from this node",
    fix=RESTART,
)
def test_cilium_replaces_kube_proxy(machine: Machine) -> None:
    found = agent(machine).get("kube-proxy-replacement", {}).get("mode")
    machine.expect(str(found).lower() == machine.fact.value.lower(), found)


@check(
    "no_kube_proxy",
    step=AGENT,
    symptom="a Service leads to pods that are gone",
    fix="kubectl -n kube-system delete daemonset kube-proxy; its rules are gone after a reboot",
)
def test_there_is_no_kube_proxy(machine: Machine) -> None:
    machine.expect(not machine.answers.said("kube_proxy"), "a process kube-proxy runs")
    chains = set(re.findall(r"^:(KUBE-(?:SERVICES|NODEPORTS|SVC-\w+))", machine.answers.said("iptables"), re.MULTILINE))
    machine.expect(not chains, sorted(chains))


@check("masquerading", step=AGENT, symptom="pods reach nothing outside, or by the wrong address", fix=RESTART)
def test_masquerading_is_as_planned(machine: Machine) -> None:
    found = agent(machine).get("masquerading", {})
    machine.expect(
        found.get("enabled") and found.get("mode", "").lower() == machine.fact.value.lower(), found.get("mode", "off")
    )


@check("routing", step=AGENT, symptom="pods of different nodes do not reach each other", fix=RESTART)
def test_pods_travel_between_nodes_as_planned(machine: Machine) -> None:
    found = agent(machine).get("routing", {})
    mode, protocol = found.get("inter-host-routing-mode"), found.get("tunnel-protocol")
    text = f"{mode}, {protocol}" if mode == "Tunnel" else str(mode)
    machine.expect(text == machine.fact.value, text)


@check(
    "devices",
    step=AGENT,
    symptom="pods reach no other node, or nothing in the internet",
    fix=f"is {TAILNET_DEVICE} up? then: {RESTART}",
)
def test_cilium_uses_the_network_card_and_the_tailnet(machine: Machine) -> None:
    listed = agent(machine).get("kube-proxy-replacement", {}).get("deviceList") or []
    found = sorted(one["name"] for one in listed)
    cards = {
        route["dev"] for route in machine.answers.data("routes") if route.get("dst") == "default" and "dev" in route
    }
    absent = sorted({TAILNET_DEVICE, *cards} - set(found))
    machine.expect(not absent, f"{', '.join(found)}; not {', '.join(absent)}")


@check(
    "pod_mtu",
    step=AGENT,
    symptom="small packets pass and large ones vanish: ping works, TLS hangs",
    fix=f"{UPGRADE}; pods that ran before keep the old one until they are restarted",
)
def test_pods_have_the_planned_mtu(machine: Machine) -> None:
    pods = re.findall(r"\bmtu (\d+)", machine.answers.said("pod_routes"))
    routes = [route for route in machine.answers.data("routes") if route.get("dev") == "cilium_host"]
    nodes = [str(one["mtu"]) for route in routes for one in route.get("metrics", []) if "mtu" in one]
    if not pods + nodes:
        pytest.skip("neither a pod nor another node is there yet")
    machine.expect({*pods, *nodes} == {machine.fact.value}, sorted({*pods, *nodes}))


@check(
    "own_kubelet",
    step=AGENT,
    symptom="metrics of this node are missing, and webhooks on it time out",
    fix="leave socketLB.hostNamespaceOnly off; kubectl -n kube-system logs of the agent; " + RESTART,
)
def test_a_pod_reaches_its_own_kubelet(machine: Machine) -> None:
    if machine.answers.code("own_kubelet") != 0:
        pytest.skip("no pod with a network of its own runs here")
    found = machine.answers.said("own_kubelet").split()
    # Pods that are gone leave their namespaces behind for a while; any HTTP answer is a connection.
    machine.expect(any(code not in {"000", ""} for code in found), "no connection from any pod of this node")


@check(
    "metadata_policy", step="cluster_policies", symptom="none, until a pod reads the user-data with all that was in it"
)
def test_pods_cannot_reach_the_metadata_service(machine: Machine) -> None:
    found = denied_ports(machine.answers.data("policies").get("items", []), METADATA_ADDRESS)
    machine.expect(
        ("TCP", "80") in found, f"no policy for all pods denies it; denied are {sorted(found) or 'no ports'}"
    )
    machine.expect(found == {("TCP", "80")}, f"denied are {sorted(found)}")
