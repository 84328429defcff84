"""Certificates of the control plane that end soon are renewed by the node: nothing else of the cluster notices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from meshstrap.status import ends_of
from meshstrap.verify.verdict import Outcome
from tests.lab.machine import Machine
from tests.lab.node import SCRIPT, status
from tests.lab.process import Result, wait_until
from tests.lab.verifying import Ssh, bad

from .cluster import Cluster
from .healing import healed
from .outage import LITTLE, Watch
from .probe import Probes

MANIFESTS = "/etc/kubernetes/manifests"
PKI = "/etc/kubernetes/pki"
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
# What kubeadm makes of its default; some are left when the test looks.
YEAR = timedelta(days=364)


@pytest.fixture
def old(cluster: Cluster, probes: Probes) -> Iterator[Machine]:
    """The control plane, whose certificates were made three hours ago, as far as their files tell, and end in one."""
    machine = cluster.machines["cp1"]
    shown = cluster.kubectl(
        "--namespace", "kube-system", "get", "configmap", "kubeadm-config", "--output", "jsonpath={.data}"
    )
    configuration = yaml.safe_load(json.loads(shown.check().out)["ClusterConfiguration"])
    machine.write("/run/lab-kubeadm.yaml", json.dumps(configuration | {"certificateValidityPeriod": "1h0m0s"}))
    machine.bash(
        "set -e; kubeadm certs renew all --config /run/lab-kubeadm.yaml; rm /run/lab-kubeadm.yaml; "
        f"find {PKI} -name '*.crt' -exec touch --date=-3hours {{}} +"
    ).check()
    bootstrap(machine, "--only", "kubeconfig")
    yield machine
    # If a test has failed the next one finds a control plane all the same.
    bootstrap(machine, "--only", "control_plane")
    bootstrap(machine, "--only", "kubeconfig")
    healed(probes)


def bootstrap(machine: Machine, *arguments: str) -> Result:
    """Run it as a person does: what it has logged is on stderr."""
    return machine.run("bash", SCRIPT, *arguments, timeout=900).check()


def manifests(machine: Machine) -> str:
    """What the manifests are to the byte, since when, and that they are the same files."""
    return machine.bash(f"stat -c '%n %y %i %a' {MANIFESTS} {MANIFESTS}/*; sha256sum {MANIFESTS}/*").check().out


def containers(machine: Machine) -> dict[str, str]:
    """The running container of each static pod, by its name."""
    found = json.loads(machine.run("crictl", "ps", "--output", "json").check().out)["containers"]
    names = {one["id"]: (one["metadata"]["name"], one["labels"]["io.kubernetes.pod.name"]) for one in found}
    return {name: key for key, (name, pod) in names.items() if pod == f"{name}-cp1" and name in PARTS}


def serves(machine: Machine, port: int, path: str) -> bool:
    """Whether what listens at a port shows the certificate of that file."""
    show = f"openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -serial"
    return machine.bash(show).out == machine.run("openssl", "x509", "-in", path, "-noout", "-serial").check().out != ""


def good_for_a_year(machine: Machine) -> bool:
    """Whether kubeadm itself says so of each, those inside of the kubeconfigs among them."""
    told = json.loads(machine.run("kubeadm", "certs", "check-expiration", "--output", "json").check().out)
    left = [one["residualTime"] for one in told["certificates"] if not one["missing"]]
    return bool(left) and min(left) > YEAR.total_seconds()


def alternative_names(machine: Machine) -> set[str]:
    """Of the API server's certificate: all that kubeadm puts there by itself."""
    shown = machine.run("openssl", "x509", "-in", f"{PKI}/apiserver.crt", "-noout", "-ext", "subjectAltName").check()
    return set(shown.out.strip().splitlines()[-1].strip().split(", "))


def are_pairs(machine: Machine) -> bool:
    """Whether every certificate belongs to the key beside it."""
    return (
        machine.bash(
            f"set -e; for c in {PKI}/*.crt {PKI}/etcd/*.crt; do "
            '[[ $(openssl x509 -in "$c" -noout -pubkey) == "$(openssl pkey -in "${c%.crt}.key" -pubout)" ]]; done'
        ).code
        == 0
    )


def is_renewed(machine: Machine) -> bool:
    """Whether all of it is new and whole, and nothing is left beside it."""
    beside = machine.bash("ls -d /etc/kubernetes.*").out
    return good_for_a_year(machine) and are_pairs(machine) and beside == ""


def test_the_weekly_run_renews_certificates_restarts_each_part_and_touches_no_manifest(
    cluster: Cluster, probes: Probes, ssh: Ssh, old: Machine
) -> None:
    before, ran, pods = manifests(old), containers(old), probes.started()
    assert set(ran) == set(PARTS)
    assert "control_plane: would change: certificates end soon" in old.run("bash", SCRIPT, "--check", timeout=300).err
    found = bad(ssh, cluster.inventory.read_text(), "cp1")
    assert set(found) == {"lifetimes.kubeadms_certificates_last", "converged.a_check_finds_no_drift"}
    assert found["lifetimes.kubeadms_certificates_last"].outcome is Outcome.WARNS
    timer = old.run("systemctl", "show", "--property=ActiveState,Triggers", "meshstrap.timer").check().out
    assert set(timer.split()) == {"ActiveState=active", "Triggers=meshstrap.service"}
    watch = Watch(cluster.machines.values())
    with watch:
        begun = status(old)["started"]
        # What the timer does.
        old.run("systemctl", "start", "meshstrap").check()
        wait_until(
            lambda: status(old)["started"] != begun and status(old)["state"] == "converged",
            "a whole run that has converged",
            seconds=900,
            every=1,
        )
    assert watch.longest() <= LITTLE
    assert is_renewed(old)
    assert manifests(old) == before
    now = containers(old)
    assert set(now) == set(PARTS)
    assert all(now[part] != ran[part] for part in PARTS), (ran, now)
    assert serves(old, 6443, f"{PKI}/apiserver.crt")
    assert {"DNS:cp1", "DNS:k8s-api.internal", f"IP Address:{cluster.tailnet_address('cp1')}"} <= alternative_names(old)
    assert serves(old, 2379, f"{PKI}/etcd/server.crt")
    assert probes.started() == pods
    healed(probes)
    # A pod that is made now needs all of them.
    cluster.kubectl("delete", "pods", "--selector", "app=probe", "--wait=false").check()
    healed(probes)
    old.run("runuser", "-l", "debian", "-c", "kubectl get nodes").check()
    copy = old.read("/home/debian/.kube/config").split("\n", 1)[1]
    assert copy == old.read("/etc/kubernetes/admin.conf")
    ends = ends_of(status(old)["facts"])
    assert ends[f"{PKI}/apiserver.crt"] > datetime.now(UTC) + YEAR
    assert {f"{PKI}/ca.crt", f"{PKI}/etcd/server.crt", "/var/lib/kubelet/pki/kubelet-client-current.pem"} <= set(ends)
    assert bad(ssh, cluster.inventory.read_text(), "cp1") == {}
    # Nothing is left to do: the next run restarts nothing.
    bootstrap(old)
    assert containers(old) == now


@pytest.mark.parametrize("moment", ["the copy is whole", "etcd was stopped"])
def test_a_renewal_that_loses_power_goes_on_after_the_boot(probes: Probes, old: Machine, moment: str) -> None:
    before, etcd = manifests(old), containers(old)["etcd"]
    old.run("systemctl", "start", "--no-block", "meshstrap").check()
    wait_until(
        lambda: old.bash("[[ -e /etc/kubernetes.renewed ]]").code == 0, "a renewed copy", seconds=600, every=0.05
    )
    if moment == "etcd was stopped":
        gone = f"[[ $(crictl inspect --output go-template --template '{{{{.status.state}}}}' {etcd}) != *RUNNING ]]"
        wait_until(lambda: old.bash(gone).code == 0, "the end of etcd", seconds=120, every=0.05)
    old.kill()
    old.boot()
    healed(probes)
    assert is_renewed(old)
    assert manifests(old) == before
    assert set(containers(old)) == set(PARTS)


def test_a_cluster_whose_ca_is_kept_elsewhere_is_left_alone(old: Machine) -> None:
    ran = containers(old)
    key = old.read(f"{PKI}/ca.key")
    files = f"find {PKI} /etc/kubernetes -maxdepth 1 -type f ! -name ca.key -exec sha256sum {{}} +"
    before = old.bash(files).check().out
    old.bash(f"rm {PKI}/ca.key").check()
    try:
        assert "control_plane: converged" in bootstrap(old, "--only", "control_plane").err
        assert (old.bash(files).check().out, containers(old)) == (before, ran)
    finally:
        old.write(f"{PKI}/ca.key", key, 0o600)
