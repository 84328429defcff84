"""The release of the plan, and an agent on this node that does what the plan says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from meshstrap.compat.chart_values import TOLD
from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import TAILNET_DEVICE
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import API, HTTP_STATUS, SYSTEM, flat
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import is_newer, same

AGENT = "node_ready"

# Helm keeps a release as gzip in base64, in a Secret, which is base64 again.
_RELEASE = r"""python3 -c '
import base64, gzip, json, sys
found = [(int(item["metadata"]["labels"]["version"]), item) for item in json.load(sys.stdin)["items"]]
if not found:
    sys.exit(3)
packed = max(found, key=lambda one: one[0])[1]["data"]["release"]
release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(packed))))
print(json.dumps({
    "version": release["chart"]["metadata"]["version"],
    "status": release["info"]["status"],
    "values": release.get("config") or {},
}))'"""

_AGENT = (
    "id=$(crictl --timeout 10s ps --name '^cilium-agent$' --state running --quiet) || exit 1; "
    "[[ -n $id ]] || { echo 'no container cilium-agent runs here' >&2; exit 3; }; "
    'crictl --timeout 10s exec "${id%%[[:space:]]*}" cilium-dbg status --output json'
)

# Pods with a network of their own, as CNI names their namespaces; those of dead pods linger at times.
_PODS = "pods=$(ls /run/netns 2>/dev/null | grep ^cni- | head -n 3); [[ -n $pods ]] || exit 3"
_OWN_KUBELET = (
    f"{_PODS}; node=$(ip -4 -oneline address show dev {TAILNET_DEVICE} | "
    "sed -E 's/.*inet ([0-9.]+).*/\\1/'); "
    f"for p in $pods; do nsenter --net=/run/netns/$p {HTTP_STATUS} https://$node:10250/healthz; echo; done; exit 0"
)


def asks(plan: Plan) -> Asked:
    """Helm's release, this node's agent, and pods from inside of their networks."""
    del plan
    return Asked(
        commands=(
            Question("routes", "ip -4 -json route show table all"),
            Question("kube_proxy", "ps -C kube-proxy -o pid=", codes=(0, 1)),
            Question(
                "cilium_release",
                f"set -o pipefail; {API} '{SYSTEM}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dcilium' | {_RELEASE}",
                codes=(0, 3),
            ),
            Question("cilium_told", f"{API} {SYSTEM}/configmaps/cilium-config"),
            Question("cilium_agent", _AGENT, codes=(0, 3)),
            Question(
                "pod_routes",
                f"{_PODS}; for p in $pods; do nsenter --net=/run/netns/$p ip -4 route show default; done; exit 0",
                codes=(0, 3),
            ),
            Question("own_kubelet", _OWN_KUBELET, codes=(0, 3)),
        )
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {
        "kube_proxy_replacement": plan.cilium_values.get("kubeProxyReplacement"),
        "masquerading": planned_masquerading(plan),
        "routing": planned_routing(plan),
    }


def planned_masquerading(plan: Plan) -> str:
    """Who masquerades pods' packets, as the agent says it."""
    return "BPF" if plan.cilium_values.get("bpf", {}).get("masquerade") else "iptables"


def planned_routing(plan: Plan) -> str:
    """How packets travel between nodes."""
    chosen = plan.cilium_values
    return f"Tunnel, {chosen.get('tunnelProtocol')}" if chosen.get("routingMode") == "tunnel" else "Native"


TOPIC = Topic("cilium", __file__, asks=asks, values=values)


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


@TOPIC.check()
def the_release_has_the_planned_version(machine: Machine) -> None:
    found, planned = release(machine), machine.plan.versions.cilium
    is_right = found["version"] == planned or is_newer(found["version"], planned)
    machine.expect(is_right and found["status"] == "deployed", f"{found['version']}, {found['status']}")


@TOPIC.check()
def the_release_is_not_newer_than_the_plan(machine: Machine) -> None:
    found = release(machine)["version"]
    machine.expect(not is_newer(found, machine.plan.versions.cilium), f"cilium {found}: newer than the plan")


@TOPIC.check()
def the_release_has_the_planned_values(machine: Machine) -> None:
    found, wanted = flat(release(machine)["values"]), flat(machine.plan.cilium_values)
    wrong = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
    expected = "; ".join(f"{name}: {wanted.get(name, 'not set')}" for name in wrong)
    machine.expect(not wrong, [f"{name}: {found.get(name, 'not set')}" for name in wrong], expected)


@TOPIC.check()
def the_agents_are_told_the_planned_values(machine: Machine) -> None:
    told, values = machine.answers.data("cilium_told")["data"], flat(machine.plan.cilium_values)
    wanted = {key: values[name].strip("[]") for name, key in TOLD.items() if name in values}
    same(machine, {key: told.get(key) for key in wanted}, wanted)


@TOPIC.check(step=AGENT)
def the_agent_is_well(machine: Machine) -> None:
    machine.expect(machine.answers.code("cilium_agent") == 0, "no agent runs on this node")
    found = agent(machine).get("cilium", {})
    machine.expect(found.get("state") == "Ok", f"{found.get('state')}: {found.get('msg', '')}")


@TOPIC.check(step=AGENT)
def cilium_replaces_kube_proxy(machine: Machine) -> None:
    found = agent(machine).get("kube-proxy-replacement", {}).get("mode")
    machine.expect(str(found).lower() == str(machine.plan.cilium_values.get("kubeProxyReplacement")).lower(), found)


@TOPIC.check(step=AGENT)
def there_is_no_kube_proxy(machine: Machine) -> None:
    machine.expect(not machine.answers.said("kube_proxy"), "a process kube-proxy runs")
    chains = set(re.findall(r"^:(KUBE-(?:SERVICES|NODEPORTS|SVC-\w+))", machine.answers.said("iptables"), re.MULTILINE))
    machine.expect(not chains, sorted(chains))


@TOPIC.check(step=AGENT)
def masquerading_is_as_planned(machine: Machine) -> None:
    found = agent(machine).get("masquerading", {})
    mode = found.get("mode", "off") if found.get("enabled") else "off"
    machine.expect(mode.lower() == planned_masquerading(machine.plan).lower(), mode)


@TOPIC.check(step=AGENT)
def pods_travel_between_nodes_as_planned(machine: Machine) -> None:
    found = agent(machine).get("routing", {})
    mode, protocol = found.get("inter-host-routing-mode"), found.get("tunnel-protocol")
    text = f"{mode}, {protocol}" if mode == "Tunnel" else str(mode)
    machine.expect(text == planned_routing(machine.plan), text)


@TOPIC.check(step=AGENT)
def cilium_uses_the_network_card_and_the_tailnet(machine: Machine) -> None:
    listed = agent(machine).get("kube-proxy-replacement", {}).get("deviceList") or []
    found = sorted(one["name"] for one in listed)
    cards = {
        route["dev"] for route in machine.answers.data("routes") if route.get("dst") == "default" and "dev" in route
    }
    absent = sorted({TAILNET_DEVICE, *cards} - set(found))
    machine.expect(not absent, f"{', '.join(found)}; not {', '.join(absent)}")


@TOPIC.check(step=AGENT)
def pods_have_the_planned_mtu(machine: Machine) -> None:
    pods = re.findall(r"\bmtu (\d+)", machine.answers.said("pod_routes"))
    routes = [route for route in machine.answers.data("routes") if route.get("dev") == "cilium_host"]
    nodes = [str(one["mtu"]) for route in routes for one in route.get("metrics", []) if "mtu" in one]
    if not pods + nodes:
        machine.skip("neither a pod nor another node is there yet")
    machine.expect({*pods, *nodes} == {str(machine.plan.network.pod_mtu)}, sorted({*pods, *nodes}))


@TOPIC.check(step=AGENT)
def a_pod_reaches_its_own_kubelet(machine: Machine) -> None:
    if machine.answers.code("own_kubelet") != 0:
        machine.skip("no pod with a network of its own runs here")
    found = machine.answers.said("own_kubelet").split()
    # Pods that are gone leave their namespaces behind for a while; any HTTP answer is a connection.
    machine.expect(any(code not in {"000", ""} for code in found), "no connection from any pod of this node")
