"""Topic kubelet: it runs as planned, after the tailnet, and the cluster knows this node by its tailnet address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.merging import as_text, merge_values
from meshstrap.plan.names import KUBELET_CERTIFICATE_DAYS
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import HTTP_STATUS, NO_CONNECTION
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import days_left, fields, machine_name, stale, tailnet_address, unit

CONFIG = "/var/lib/kubelet/config.yaml"
JOINED = "control_plane join"
ORDER = "tailscale-online.target"
# Set and taken away by Kubernetes and Cilium themselves.
PASSING_TAINTS = ("node.kubernetes.io/", "node.cilium.io/", "node.cloudprovider.kubernetes.io/")
KUBEADMS_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"

_OWN_NODE = (
    'kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=15s get --raw "/api/v1/nodes/$(uname -n)"'
)


def asks(plan: Plan) -> Asked:
    """Its configuration, its certificate, and the node as the API knows it."""
    del plan
    return Asked(
        texts=(CONFIG, "/etc/hosts", "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"),
        commands=(
            Question("kubelet", "ps -ww -C kubelet -o args=", codes=(0, 1)),
            Question("own_node", _OWN_NODE),
            Question(
                "kubelet_certificate",
                "openssl x509 -noout -enddate -in /var/lib/kubelet/pki/kubelet-client-current.pem",
            ),
            Question("kubelet_anonymous", f"{HTTP_STATUS} https://127.0.0.1:10250/pods", codes=(0, *NO_CONNECTION)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    return {
        "kubelet": ", ".join(f"{name}: {value}" for name, value in plan.kubelet.items()),
        "labels": ", ".join(f"{name}={value}" for name, value in node.labels.items()) or "none",
        "taints": "kubeadm's own" if node.taints is None else ", ".join(node.taints) or "none",
    }


TOPIC = Topic(__file__, asks=asks, values=values)


def configuration(machine: Machine) -> dict[str, Any]:
    """The kubelet's configuration file."""
    try:
        found = yaml.safe_load(machine.answers.needed_text(CONFIG))
    except yaml.YAMLError as error:
        raise CannotTell(f"{CONFIG}: {error}") from error
    if not isinstance(found, dict):
        raise CannotTell(f"{CONFIG} holds no configuration")
    return found


def registered(machine: Machine) -> dict[str, Any]:
    """The node as the API knows it, asked with the kubelet's own credentials."""
    found: dict[str, Any] = machine.answers.data("own_node")
    return found


@TOPIC.check(step=JOINED)
def the_kubelet_runs_now_and_after_a_boot(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    state = f"{found['ActiveState']}, {found['UnitFileState']}"
    machine.expect(state == "active, enabled", state)


@TOPIC.check(step="kubelet")
def the_kubelet_starts_after_the_tailnet(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    absent = [word for word in ("After", "Wants") if ORDER not in found.get(word, "").split()]
    machine.expect(not absent, [f"no {word}={ORDER}" for word in absent])


@TOPIC.check(step=JOINED)
def the_kubelet_is_told_the_tailnet_address(machine: Machine) -> None:
    line = machine.answers.said("kubelet")
    if not line:
        raise CannotTell("the kubelet does not run")
    found = [word for word in line.split() if word.startswith("--node-ip")]
    machine.expect(found == [f"--node-ip={tailnet_address(machine.answers)}"], found or "no --node-ip")


@TOPIC.check(step=JOINED)
def the_kubelet_has_the_planned_configuration(machine: Machine) -> None:
    wanted = merge_values(machine.plan.kubelet, machine.node.kubelet)
    wrong = list(differences(wanted, configuration(machine)))
    machine.expect(
        not wrong,
        [f"{path}: {found}" for path, _, found in wrong],
        "; ".join(f"{path}: {value}" for path, value, _ in wrong),
    )


def differences(wanted: Mapping[str, Any], found: Any, above: str = "") -> list[tuple[str, str, str]]:
    """Path, wanted and found value of what differs; keys that the plan does not have are kubeadm's and the person's."""
    wrong = []
    for name, value in wanted.items():
        below = found.get(name) if isinstance(found, dict) else None
        if isinstance(value, Mapping):
            wrong += differences(value, below, f"{above}{name}.")
        # kubeadm leaves out what is false where that is the default.
        elif as_text(value) != as_text(below) and (value, below) != (False, None):
            wrong.append((f"{above}{name}", as_text(value), as_text(below)))
    return wrong


@TOPIC.check(step=JOINED)
def the_kubelet_has_read_its_latest_configuration(machine: Machine) -> None:
    problems = stale(machine.answers, "kubelet", CONFIG)
    machine.expect(not problems, problems)


@TOPIC.check(step=JOINED)
def the_kubelet_resolves_names_as_the_cloud_does(machine: Machine) -> None:
    path = configuration(machine).get("resolvConf") or "/etc/resolv.conf"
    servers = [words[1] for words in fields(machine.answers.needed_text(path)) if words[:1] == ["nameserver"]]
    machine.expect(servers, f"{path} names no server")
    found = [server for server in servers if server in {"127.0.0.53", "100.100.100.100"}]
    machine.expect(not found, [f"{path} names {server}" for server in found])


@TOPIC.check(step=JOINED)
def the_kubelets_certificate_lasts(machine: Machine) -> None:
    left = days_left(machine.answers, machine.answers.said("kubelet_certificate"))
    machine.expect(left >= KUBELET_CERTIFICATE_DAYS, f"{left:.1f} days left")


@TOPIC.check(step=JOINED)
def the_kubelet_asks_for_credentials(machine: Machine) -> None:
    code = machine.answers.code("kubelet_anonymous")
    found = machine.answers.said("kubelet_anonymous")
    machine.expect(
        code == 0 and found in {"401", "403"}, f"HTTP {found}" if code == 0 else "nothing answers on port 10250"
    )


@TOPIC.check(step="node_ready")
def the_cluster_knows_the_node_by_its_tailnet_address(machine: Machine) -> None:
    told = registered(machine)["status"].get("addresses", [])
    found = [one["address"] for one in told if one["type"] == "InternalIP"]
    machine.expect(found == [tailnet_address(machine.answers)], found)


@TOPIC.check(step="node_ready")
def the_node_is_ready(machine: Machine) -> None:
    conditions = registered(machine)["status"].get("conditions", [])
    found = {one["type"]: one for one in conditions}.get("Ready", {"status": "not reported"})
    machine.expect(found["status"] == "True", f"Ready is {found['status']}: {found.get('message', '')}")


@TOPIC.check(step="node_ready")
def the_node_has_the_planned_labels_and_taints(machine: Machine) -> None:
    node = registered(machine)
    labels = node["metadata"].get("labels", {})
    absent = [f"{name}={value}" for name, value in machine.node.labels.items() if labels.get(name) != value]
    machine.expect(not absent, f"no label {', '.join(absent)}")
    taints = {written(one) for one in node["spec"].get("taints", []) if not one["key"].startswith(PASSING_TAINTS)}
    kubeadms = {KUBEADMS_TAINT} if machine.node.is_control_plane else set()
    planned = kubeadms if machine.node.taints is None else set(machine.node.taints)
    machine.expect(taints == planned, f"taints {', '.join(sorted(taints)) or 'none'}")


def written(taint: Mapping[str, str]) -> str:
    """A taint the way cluster.yaml and kubectl write it."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


@TOPIC.check(step=JOINED)
def the_apis_name_leads_to_the_control_plane(machine: Machine) -> None:
    lines = fields(machine.answers.needed_text("/etc/hosts"))
    found = next((words[0] for words in lines if machine.plan.api_endpoint in words[1:]), "no line of /etc/hosts")
    wanted = control_plane_address(machine)
    machine.expect(found == wanted, found, f"{machine.plan.api_endpoint} is {wanted}")


def control_plane_address(machine: Machine) -> str:
    """The control plane's address in the tailnet, as this machine sees it."""
    if machine.node.is_control_plane:
        return tailnet_address(machine.answers)
    for peer in (machine.answers.data("tailnet").get("Peer") or {}).values():
        if machine_name(peer) == machine.plan.control_plane:
            return str(peer["TailscaleIPs"][0])
    raise CannotTell(f"no machine named {machine.plan.control_plane} in the tailnet")
