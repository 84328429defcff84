"""Topic kubelet: it runs as planned, after the tailnet, and the cluster knows this node by its tailnet address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.names import KUBELET_CERTIFICATE_DAYS
from meshstrap.plan.merging import as_text, merge_values
from tests.hosts.reading import days_left, fields, machine_name, stale, tailnet_address, unit

CONFIG = "/var/lib/kubelet/config.yaml"
JOINED = "control_plane join"
ORDER = "tailscale-online.target"
RESTART = "sudo systemctl restart kubelet; containers live on"
# Set and taken away by Kubernetes and Cilium themselves.
PASSING_TAINTS = ("node.kubernetes.io/", "node.cilium.io/", "node.cloudprovider.kubernetes.io/")
KUBEADMS_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"


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


@check(
    "kubelet_runs",
    step=JOINED,
    symptom="the node is NotReady, and its pods move elsewhere",
    fix="journalctl -u kubelet -n 50",
)
def test_the_kubelet_runs_now_and_after_a_boot(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    state = f"{found['ActiveState']}, {found['UnitFileState']}"
    machine.expect(state == "active, enabled", state)


@check("kubelet_order", step="kubelet", symptom="after a reboot the node has a wrong address or none")
def test_the_kubelet_starts_after_the_tailnet(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    absent = [word for word in ("After", "Wants") if ORDER not in found.get(word, "").split()]
    machine.expect(not absent, [f"no {word}={ORDER}" for word in absent])


@check(
    "node_ip",
    step=JOINED,
    symptom="kubectl logs and exec time out, and pods of different nodes do not reach each other",
    fix="correct --node-ip in /var/lib/kubelet/kubeadm-flags.env, then: sudo systemctl restart kubelet",
)
def test_the_kubelet_is_told_the_tailnet_address(machine: Machine) -> None:
    line = machine.answers.said("kubelet")
    if not line:
        raise CannotTell("the kubelet does not run")
    found = [word for word in line.split() if word.startswith("--node-ip")]
    machine.expect(found == [f"--node-ip={tailnet_address(machine.answers)}"], found or "no --node-ip")


@check(
    "kubelet_configuration",
    step=JOINED,
    symptom="the kubelet evicts, reserves or resolves otherwise than you said",
    fix=f"correct the field in {CONFIG}, then: {RESTART}",
)
def test_the_kubelet_has_the_planned_configuration(machine: Machine) -> None:
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


@check("kubelet_current", step=JOINED, symptom="the kubelet does not do what its configuration says", fix=RESTART)
def test_the_kubelet_has_read_its_latest_configuration(machine: Machine) -> None:
    problems = stale(machine.answers, "kubelet", CONFIG)
    machine.expect(not problems, problems)


@check(
    "kubelet_resolver",
    step=JOINED,
    symptom="CoreDNS restarts in a loop, and pods resolve no name",
    fix=f"resolvConf in {CONFIG}: /run/systemd/resolve/resolv.conf where systemd-resolved runs; then: {RESTART}",
)
def test_the_kubelet_resolves_names_as_the_cloud_does(machine: Machine) -> None:
    path = configuration(machine).get("resolvConf") or "/etc/resolv.conf"
    servers = [words[1] for words in fields(machine.answers.needed_text(path)) if words[:1] == ["nameserver"]]
    machine.expect(servers, f"{path} names no server")
    found = [server for server in servers if server in {"127.0.0.53", "100.100.100.100"}]
    machine.expect(not found, [f"{path} names {server}" for server in found])


@check(
    "kubelet_certificate",
    step=JOINED,
    symptom="the node is NotReady: x509: certificate has expired",
    fix="journalctl -u kubelet -g certificate; kubectl get csr; with an expired one: build the machine anew",
)
def test_the_kubelets_certificate_lasts(machine: Machine) -> None:
    left = days_left(machine.answers, machine.answers.said("kubelet_certificate"))
    machine.expect(left >= KUBELET_CERTIFICATE_DAYS, f"{left:.1f} days left")


@check(
    "kubelet_anonymous",
    step=JOINED,
    symptom="none, until somebody finds the port",
    fix=f"authentication.anonymous.enabled: false in {CONFIG}, then: {RESTART}",
)
def test_the_kubelet_asks_for_credentials(machine: Machine) -> None:
    code = machine.answers.code("kubelet_anonymous")
    found = machine.answers.said("kubelet_anonymous")
    machine.expect(
        code == 0 and found in {"401", "403"}, f"HTTP {found}" if code == 0 else "nothing answers on port 10250"
    )


@check(
    "internal_ip",
    step="node_ready",
    symptom="kubectl logs and exec time out, and Cilium's tunnels lead nowhere",
    fix=RESTART,
)
def test_the_cluster_knows_the_node_by_its_tailnet_address(machine: Machine) -> None:
    told = registered(machine)["status"].get("addresses", [])
    found = [one["address"] for one in told if one["type"] == "InternalIP"]
    machine.expect(found == [tailnet_address(machine.answers)], found)


@check(
    "ready",
    step="node_ready",
    symptom="no new pod comes to this node",
    fix="kubectl describe node; journalctl -u kubelet -n 50",
)
def test_the_node_is_ready(machine: Machine) -> None:
    conditions = registered(machine)["status"].get("conditions", [])
    found = {one["type"]: one for one in conditions}.get("Ready", {"status": "not reported"})
    machine.expect(found["status"] == "True", f"Ready is {found['status']}: {found.get('message', '')}")


@check(
    "labels_and_taints",
    step="node_ready",
    symptom="pods do not come to this node, or come although they should not",
    fix="kubectl label node, kubectl taint node: both are read from cluster.yaml only when the node joins",
)
def test_the_node_has_the_planned_labels_and_taints(machine: Machine) -> None:
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


@check("api_alias", step=JOINED, symptom="the kubelet finds no API server: no such host, or a timeout")
def test_the_apis_name_leads_to_the_control_plane(machine: Machine) -> None:
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
