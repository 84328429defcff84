"""The control plane answers, lasts, and is open to nobody who has no business there."""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml
from netaddr import AddrFormatError, IPAddress

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.control_plane import AUDIT_BYTES, AUDIT_LOGS
from meshstrap.plan.names import INNER_PORTS, SILENT_PORTS
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import API, HTTP_STATUS, NO_CONNECTION, SYSTEM
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import same, tailnet_addresses

_ETCD = "/etc/kubernetes/pki/etcd"

# Where kubeadm lets etcd tell of itself, without a certificate.
_SIZE, _QUOTA = "etcd_mvcc_db_total_size_in_bytes", "etcd_server_quota_backend_bytes"
_ROOM = (
    "set -o pipefail; curl --fail --silent --show-error --max-time 10 http://127.0.0.1:2381/metrics | "
    f"grep -E '^({_SIZE}|{_QUOTA}) '"
)
ETCD_FULL_PERCENT = 75
"""Of what etcd takes: it grows by a quarter of that in months, unless a program has gone wild."""

# Of a Secret only what is no secret leaves the host.
_EXPIRY = (
    "python3 -c 'import base64, json, sys; "
    '[print(item["metadata"]["name"], base64.b64decode(item["data"].get("expiration", "")).decode()) '
    'for item in json.load(sys.stdin)["items"]]\''
)

# The API server's count of what it has written to etcd and read from it, by the way that it was written.
_TRANSFORMATIONS = "apiserver_storage_transformation_operations_total"

_TOKENS = f"'{SYSTEM}/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken'"


def asks(plan: Plan) -> Asked:
    """The API, etcd, certificates, and what listens."""
    del plan
    return Asked(
        modes=(f"{AUDIT_LOGS}/audit*",),
        commands=(
            Question("listeners", "ss --no-header --tcp --listening --numeric"),
            Question("api_ready", f"{API} '/readyz?verbose' 2>&1", codes=(0, 1)),
            Question("api_version", f"{API} /version"),
            Question(
                "api_anonymous", f"{HTTP_STATUS} https://127.0.0.1:6443{SYSTEM}/secrets", codes=(0, *NO_CONNECTION)
            ),
            Question(
                "etcd",
                "curl --silent --show-error --max-time 10 "
                f"--cacert {_ETCD}/ca.crt --cert {_ETCD}/healthcheck-client.crt "
                f"--key {_ETCD}/healthcheck-client.key https://127.0.0.1:2379/health 2>&1",
                codes=(0, *NO_CONNECTION),
            ),
            Question("etcd_room", _ROOM),
            Question(
                "ca_hash",
                "set -o pipefail; openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -pubkey | "
                "openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1",
            ),
            Question("transformations", f"set -o pipefail; {API} /metrics | sed -n '/^{_TRANSFORMATIONS}/p'"),
            # By the kernel's names for them, which end after 15 letters.
            Question("components", "ps -ww -C kube-apiserver,kube-controller,kube-scheduler -o args=", codes=(0, 1)),
            Question("cluster_configuration", f"{API} {SYSTEM}/configmaps/kubeadm-config"),
            Question("tokens", f"set -o pipefail; {API} {_TOKENS} | {_EXPIRY}"),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {
        "inner_ports": ", ".join(f"{port} ({what})" for port, what in INNER_PORTS.items()),
        "silent_ports": ", ".join(f"{port} ({what})" for port, what in SILENT_PORTS.items()),
        "arguments": "; ".join(f"{name} {' '.join(one.words)}" for name, one in plan.components.items()),
        "etcd_full": f"less than {ETCD_FULL_PERCENT} % of what etcd takes",
        "audit_logs": AUDIT_LOGS,
        "audit_mib": AUDIT_BYTES >> 20,
        "ca_cert_hash": plan.ca_cert_hash or "not known yet",
    }


TOPIC = Topic("control_plane", __file__, asks=asks, values=values)


@TOPIC.check()
def the_api_server_is_ready(machine: Machine) -> None:
    code, lines = machine.answers.code("api_ready"), machine.answers.lines("api_ready")
    failed = [line for line in lines if line.startswith("[-]")]
    machine.expect(code == 0 and not failed, failed or lines[-1:])


@TOPIC.check()
def the_api_server_has_the_planned_version(machine: Machine) -> None:
    found = machine.answers.data("api_version")["gitVersion"]
    machine.expect(found == f"v{machine.plan.versions.kubernetes}", found)


@TOPIC.check()
def etcd_is_healthy(machine: Machine) -> None:
    code, said = machine.answers.code("etcd"), machine.answers.said("etcd")
    try:
        healthy = code == 0 and json.loads(said).get("health") == "true"
    except ValueError as error:
        raise CannotTell(f"etcd says {said[:100]!r}") from error
    machine.expect(healthy, said)


@TOPIC.check()
def etcd_has_room(machine: Machine) -> None:
    told = dict(line.split() for line in machine.answers.lines("etcd_room"))
    size, quota = (float(told[name]) / (1 << 20) for name in (_SIZE, _QUOTA))
    found = f"{size:.0f} of {quota:.0f} MiB"
    machine.expect(size < quota, found)
    if size * 100 > quota * ETCD_FULL_PERCENT:
        machine.warn([found])


@TOPIC.check()
def anonymous_callers_see_nothing(machine: Machine) -> None:
    code, found = machine.answers.code("api_anonymous"), machine.answers.said("api_anonymous")
    if code != 0:
        raise CannotTell("the API server does not answer on 127.0.0.1:6443")
    machine.expect(found in {"401", "403"}, f"HTTP {found} for the Secrets of kube-system")


@TOPIC.check()
def nothing_listens_where_it_must_not(machine: Machine) -> None:
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


@TOPIC.check()
def the_cluster_was_made_as_planned(machine: Machine) -> None:
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


@TOPIC.check()
def the_control_plane_is_told_what_is_planned(machine: Machine) -> None:
    lines = [line.split() for line in machine.answers.lines("components") if line.strip()]
    running = {words[0].rpartition("/")[2]: words for words in lines}
    found, wanted = [], []
    for name, component in machine.plan.components.items():
        if name not in running:
            raise CannotTell(f"{name} does not run")
        for word in component.words:
            if word not in running[name]:
                flag = word.partition("=")[0]
                told = [one for one in running[name] if one.startswith(f"{flag}=")]
                found.append(f"{name} {' '.join(told) or f'without {flag}'}")
                wanted.append(f"{name} {word}")
    machine.expect(not found, found, "; ".join(wanted))


@TOPIC.check()
def secrets_are_encrypted_in_etcd(machine: Machine) -> None:
    # It does not count those that are written as they are. It reads all as it starts, and some there always are.
    counted = [line for line in machine.answers.lines("transformations") if 'resource="secrets"' in line]
    machine.expect(any('="k8s:enc:' in line for line in counted), "those that it has read were written as they are")


@TOPIC.check()
def who_did_what_is_written_down(machine: Machine) -> None:
    if not machine.plan.api_server.arguments.get("audit-log-path", "").startswith(f"{AUDIT_LOGS}/"):
        machine.skip("cluster.api_server writes it elsewhere")
    files = machine.answers.modes(f"{AUDIT_LOGS}/audit*")
    wrong = [f"{path} is {one.owner}'s, {one.mode}" for path, one in files.items() if not one.is_roots_alone]
    size = sum(one.bytes for one in files.values())
    if size > AUDIT_BYTES:
        wrong.append(f"{len(files)} files, {size >> 20} MiB")
    machine.expect(files and not wrong, wrong or "no file")


@TOPIC.check()
def the_ca_is_the_pinned_one(machine: Machine) -> None:
    if not machine.plan.ca_cert_hash:
        machine.skip("cluster.ca_cert_hash pins none yet")
    found = f"sha256:{machine.answers.said('ca_hash')}"
    machine.expect(found == machine.plan.ca_cert_hash, found)


@TOPIC.check()
def every_bootstrap_token_expires(machine: Machine) -> None:
    lines = [line.split() for line in machine.answers.lines("tokens")]
    found = [words[0] for words in lines if len(words) == 1]
    machine.expect(not found, found)
