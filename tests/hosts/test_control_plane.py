"""Topic control_plane: it answers, lasts, and is open to nobody who has no business there."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from netaddr import AddrFormatError, IPAddress

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.names import CERTIFICATE_DAYS, GUARDED_PORTS, INNER_PORTS, SILENT_PORTS
from meshstrap.plan.machines import DNF
from tests.hosts.reading import days_left, filter_rules, same, tailnet_addresses

STEP = "control_plane"
LOOK = "sudo crictl ps --all; sudo journalctl -u kubelet -n 50"


@check("api_ready", step=STEP, symptom="kubectl fails or hangs; nothing in the cluster changes any more", fix=LOOK)
def test_the_api_server_is_ready(machine: Machine) -> None:
    code, lines = machine.answers.code("api_ready"), machine.answers.lines("api_ready")
    failed = [line for line in lines if line.startswith("[-]")]
    machine.expect(code == 0 and not failed, failed or lines[-1:])


@check(
    "api_version",
    step=STEP,
    symptom="new kubelets do not register, or features are missing",
    fix="https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade",
)
def test_the_api_server_has_the_planned_version(machine: Machine) -> None:
    found = machine.answers.data("api_version")["gitVersion"]
    machine.expect(found == machine.fact.value, found)


@check("etcd", step=STEP, symptom="the API server answers with 500, or only reads work", fix=LOOK)
def test_etcd_is_healthy(machine: Machine) -> None:
    code, said = machine.answers.code("etcd"), machine.answers.said("etcd")
    try:
        healthy = code == 0 and json.loads(said).get("health") == "true"
    except ValueError as error:
        raise CannotTell(f"etcd says {said[:100]!r}") from error
    machine.expect(healthy, said)


@check(
    "certificates",
    step=STEP,
    symptom="one day kubectl says: x509: certificate has expired, and the control plane falls silent",
    fix="sudo kubeadm certs renew all; then move /etc/kubernetes/manifests/*.yaml away and back: all parts restart",
)
def test_certificates_are_good_for_a_month(machine: Machine) -> None:
    lines = [line.split(" notAfter=") for line in machine.answers.lines("certificates") if " notAfter=" in line]
    if not lines:
        raise CannotTell("no certificate below /etc/kubernetes")
    left = {path: days_left(machine.answers, end) for path, end in lines}
    short = [f"{path}: {days:.1f} days left" for path, days in left.items() if days < CERTIFICATE_DAYS]
    machine.expect(not short, short)


@check(
    "anonymous",
    step=STEP,
    symptom="none, until somebody finds the port",
    fix="kubectl get clusterrolebindings -o wide | grep -E 'anonymous|unauthenticated'; delete what is not kubeadm's",
)
def test_anonymous_callers_see_nothing(machine: Machine) -> None:
    code, found = machine.answers.code("api_anonymous"), machine.answers.said("api_anonymous")
    if code != 0:
        raise CannotTell("the API server does not answer on 127.0.0.1:6443")
    machine.expect(found in {"401", "403"}, f"HTTP {found} for the Secrets of kube-system")


@check(
    "listeners",
    step=STEP,
    symptom="none, until somebody finds the port",
    fix="correct the address in /etc/kubernetes/manifests or /var/lib/kubelet/config.yaml; compare with a fresh render",
)
def test_nothing_listens_where_it_must_not(machine: Machine) -> None:
    inner = {"127.0.0.1", "::1", *tailnet_addresses(machine.answers)}
    found = []
    for line in machine.answers.lines("listeners"):
        address, _, port = line.split()[3].rpartition(":")
        host = address.strip("[]").partition("%")[0].removeprefix("::ffff:")
        if int(port) in SILENT_PORTS:
            found.append(f"{port} ({SILENT_PORTS[int(port)]}) on {host}")
        elif int(port) in INNER_PORTS and host not in inner and not _is_loopback(host):
            found.append(f"{port} ({INNER_PORTS[int(port)]}) on {host}")
    machine.expect(not found, found)


def _is_loopback(host: str) -> bool:
    try:
        return bool(IPAddress(host).is_loopback())
    except AddrFormatError:
        return False


@check(
    "closed_ports",
    step=STEP,
    symptom="the API server can be reached from the internet once the security list allows it",
    fix="remove it from /etc/iptables/rules.v4 and by `sudo iptables -D`; firewalld: --remove-port, and --permanent",
)
def test_the_host_firewall_opens_no_port_of_the_control_plane(machine: Machine) -> None:
    if machine.node.family == DNF:
        machine.answers.code("firewalld")
        words = set(machine.answers.said("firewalld").split())
        found = sorted(words & {f"{port}/tcp" for port in GUARDED_PORTS})
    else:
        found = [rule for rule in filter_rules(machine.answers.said("iptables"), "INPUT") if opens_a_port(rule)]
    machine.expect(not found, found)


def opens_a_port(rule: str) -> bool:
    """Whether a rule lets everyone to a guarded port: one that accepts it, from any interface and any source."""
    ports = re.search(r"--dports? (\S+)", rule)
    if not rule.endswith("-j ACCEPT") or ports is None or re.search(r" -[is] ", rule):
        return False
    ranges = [part.split(":") for part in ports.group(1).split(",")]
    return " -p tcp " in rule and any(
        int(first) <= port <= int(last)
        for first, *rest in ranges
        for last in (rest or [first])
        for port in GUARDED_PORTS
    )


@check(
    "cluster_configuration",
    step=STEP,
    symptom="an upgrade brings kube-proxy back, or new nodes get other subnets",
    fix="kubectl -n kube-system edit configmap kubeadm-config; subnets cannot be changed: correct cluster.yaml instead",
)
def test_the_cluster_was_made_as_planned(machine: Machine) -> None:
    text = machine.answers.data("cluster_configuration")["data"]["ClusterConfiguration"]
    told = yaml.safe_load(text)
    network = machine.plan.network
    found = {
        "podSubnet": told["networking"].get("podSubnet"),
        "serviceSubnet": told["networking"].get("serviceSubnet"),
        "controlPlaneEndpoint": told.get("controlPlaneEndpoint"),
        "proxy.disabled": told.get("proxy", {}).get("disabled"),
    }
    wanted = {
        "podSubnet": str(network.pod_subnet),
        "serviceSubnet": str(network.service_subnet),
        "controlPlaneEndpoint": f"{machine.plan.api_endpoint}:{machine.plan.api_port}",
        "proxy.disabled": True,
    }
    same(machine, found, wanted)


@check(
    "ca_cert_hash",
    step=STEP,
    symptom="workers refuse to join: the CA is not the pinned one",
    fix="copy ca_cert_hash from `bootstrap.sh --status` into cluster.yaml, if this is the cluster that you mean",
)
def test_the_ca_is_the_pinned_one(machine: Machine) -> None:
    if not machine.plan.ca_cert_hash:
        pytest.skip("cluster.ca_cert_hash pins none yet")
    found = f"sha256:{machine.answers.said('ca_hash')}"
    machine.expect(found == machine.plan.ca_cert_hash, found)


@check(
    "token_expiry",
    step=STEP,
    symptom="none, until somebody finds the token",
    fix="sudo kubeadm token list; sudo kubeadm token delete ID",
)
def test_every_bootstrap_token_expires(machine: Machine) -> None:
    lines = [line.split() for line in machine.answers.lines("tokens")]
    found = [words[0] for words in lines if len(words) == 1]
    machine.expect(not found, found)


@check(
    "login_kubeconfig", step="kubeconfig", symptom="kubectl on the control plane: connection to localhost:8080 refused"
)
def test_the_login_user_alone_has_a_kubeconfig(machine: Machine) -> None:
    user = machine.node.login_user
    path = f"/home/{user}/.kube/config"
    found = machine.answers.modes(path).get(path)
    machine.expect(found, f"no {path}")
    assert found
    machine.expect((found.owner, found.mode[-2:]) == (user, "00"), f"{path} is {found.owner}'s, {found.mode}")
