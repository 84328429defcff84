"""A cluster that lives is not harmed by what runs at every boot: nothing made anew, nothing rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.faults import wait_says
from tests.lab.machine import Machine
from tests.lab.node import SCRIPT, status
from tests.lab.process import Result, wait_until
from tests.lab.verifying import Ssh, bad

from .cluster import Cluster
from .coordination import Headscale
from .healing import healed
from .probe import Probes

MANIFESTS = "/etc/kubernetes/manifests"
# Something that a person has added; with this value it changes nothing else.
FLAG = "--audit-log-maxage=7"
# Longer than the kubelet's cycle while the tailnet is late: 60 s of waiting and 10 s between (steps/kubelet). Seconds.
AWAY = 180
HELM = "/opt/meshstrap/helm-* --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system"


@pytest.fixture
def edited(cluster: Cluster, probes: Probes) -> Iterator[Machine]:
    """The control plane, with a flag of a person's own in the API server's manifest."""
    machine = cluster.machines["cp1"]
    path = f"{MANIFESTS}/kube-apiserver.yaml"
    kept = machine.read(path)
    machine.bash(f"sed -i 's/^\\( *\\)- kube-apiserver$/&\\n\\1- {FLAG}/' {path}; grep -q -- {FLAG} {path}").check()
    restarted(cluster, probes, flag=True)
    yield machine
    machine.write(path, kept, 0o600)
    restarted(cluster, probes, flag=False)


def restarted(cluster: Cluster, probes: Probes, *, flag: bool) -> None:
    """Wait until the API server that was started anew, with or without the flag, answers, and all is well."""

    def is_back() -> bool:
        return runs_with_flag(cluster.machines["cp1"]) == flag and cluster.kubectl("get", "nodes").code == 0

    wait_until(is_back, "an API server of the new manifest", seconds=300, every=1)
    healed(probes)


def runs_with_flag(machine: Machine) -> bool:
    """Whether the API server that runs has a person's flag."""
    return FLAG in machine.bash("ps -ww -C kube-apiserver -o args=").out


def made_by_init(cluster: Cluster, machine: Machine) -> tuple[str, object]:
    """What an init writes: the manifests and certificates with their times, and the node's taints and labels."""
    files = machine.bash(f"stat -c '%n %y %i' {MANIFESTS}/* /etc/kubernetes/pki/*.crt; sha256sum {MANIFESTS}/*").check()
    (node,) = cluster.objects("node", "cp1")
    return files.out, (node["spec"].get("taints"), node["metadata"]["labels"], node["metadata"]["uid"])


def bootstrap(machine: Machine, *arguments: str) -> Result:
    """Run it as a person does: what it has logged is on stderr."""
    return machine.run("bash", SCRIPT, *arguments, timeout=900).check()


def test_a_control_plane_that_boots_without_the_coordination_server_keeps_its_manifests_to_the_byte(
    cluster: Cluster, probes: Probes, headscale: Headscale, edited: Machine
) -> None:
    before = made_by_init(cluster, edited)
    edited.power_off()
    headscale.stop()
    try:
        edited.boot()
        wait_says(edited, "answer of tailscaled and its server")
        time.sleep(AWAY)
    finally:
        headscale.start()
    healed(probes)
    assert made_by_init(cluster, edited) == before
    for lose_power in (Machine.power_off, Machine.kill):
        lose_power(edited)
        edited.boot()
        healed(probes)
        assert made_by_init(cluster, edited) == before
    assert runs_with_flag(edited)


def test_a_control_plane_whose_kubelet_does_not_come_up_is_not_made_anew(
    cluster: Cluster, probes: Probes, edited: Machine
) -> None:
    before = made_by_init(cluster, edited)
    # A kubelet that ends at once, again and again, as with a full disk or a certificate that has expired.
    edited.write("/etc/systemd/system/kubelet.service.d/99-lab.conf", "[Service]\nExecStart=\nExecStart=/bin/false\n")
    try:
        edited.power_off()
        edited.boot()
        # Said at the end of the step's patience, which is ten minutes.
        wait_says(edited, "the kubelet is activating", seconds=900)
    finally:
        edited.bash("rm /etc/systemd/system/kubelet.service.d/99-lab.conf; systemctl daemon-reload").check()
    healed(probes)
    assert made_by_init(cluster, edited) == before


def test_a_package_that_a_person_has_upgraded_stays_is_said_and_goes_back_when_asked(
    cluster: Cluster, probes: Probes, ssh: Ssh
) -> None:
    machine, name = cluster.machines["w1"], "packages"
    planned = machine.run("dpkg-query", "--show", "--showformat=${Version}", "kubectl").check().out
    newer = f"{planned.partition('-')[0]}0-1.1"
    # The same program as a newer package: dpkg-deb takes a machine's own files.
    machine.bash(
        "set -e; mkdir -p /run/newer/DEBIAN /run/newer/usr/bin; cp /usr/bin/kubectl /run/newer/usr/bin; "
        f"printf 'Package: kubectl\\nVersion: {newer}\\nArchitecture: %s\\nMaintainer: lab\\nDescription: x\\n' "
        "$(dpkg --print-architecture) >/run/newer/DEBIAN/control; dpkg-deb -Znone --build /run/newer /run/newer.deb; "
        "dpkg --force-hold -i /run/newer.deb; rm -r /run/newer*"
    ).check()
    machine.power_off()
    machine.boot()
    healed(probes)
    said = f"newer than the plan: kubectl={newer}"
    assert status(machine)["facts"][name] == said
    assert f"{said}; plan it or pass --downgrade" in bootstrap(machine, "--check").err
    found = {check: verdict.found for check, verdict in bad(ssh, cluster.inventory.read_text(), "w1").items()}
    assert found == {"packages.no_package_is_newer_than_the_plan": f"kubectl {newer}: newer than the plan"}
    bootstrap(machine, "--only", name, "--downgrade")
    assert machine.run("dpkg-query", "--show", "--showformat=${Version}", "kubectl").check().out == planned
    bootstrap(machine)
    assert name not in status(machine)["facts"]
    assert bad(ssh, cluster.inventory.read_text(), "w1") == {}


def test_a_newer_chart_of_cilium_that_a_person_has_installed_stays_until_it_is_to_go_back(
    cluster: Cluster, probes: Probes
) -> None:
    machine = cluster.machines["cp1"]
    planned = chart_version(machine)
    newer = f"{planned}0"
    machine.bash(
        "set -e; export HOME=/root; cd $(mktemp -d); tar -xzf /var/lib/meshstrap/cilium.tgz; "
        f"sed -i 's/^version: .*/version: {newer}/' cilium/Chart.yaml; "
        f"{HELM} upgrade cilium ./cilium --reuse-values --force-conflicts",
        timeout=300,
    ).check()
    assert f"newer than the plan: cilium-{newer}" in bootstrap(machine, "--only", "cilium").err
    assert chart_version(machine) == newer
    bootstrap(machine, "--only", "cilium", "--downgrade")
    assert chart_version(machine) == planned
    healed(probes)


def chart_version(machine: Machine) -> str:
    """The version of the chart that Helm's newest record has."""
    shown = machine.bash(f"export HOME=/root; {HELM} get metadata cilium --output yaml").check().out
    return next(line.split(": ")[1] for line in shown.splitlines() if line.startswith("version: "))


def test_the_plan_wins_over_a_change_by_hand_that_helm_calls_a_conflict_and_the_log_says_what_was_undone(
    cluster: Cluster, probes: Probes
) -> None:
    machine = cluster.machines["cp1"]
    system = ("--namespace", "kube-system")
    # The plan changed since, as far as the step can tell, and then somebody scales.
    machine.bash(
        "export HOME=/root; "
        f"{HELM} upgrade cilium /var/lib/meshstrap/cilium.tgz --reuse-values --force-conflicts --description other",
        timeout=300,
    ).check()
    cluster.kubectl(*system, "scale", "deployment", "cilium-operator", "--replicas=0").check()
    log = bootstrap(machine, "--only", "cilium").err
    assert "undoes what was changed by hand in the chart, as shown here" in log
    assert "-  replicas: 0" in log
    (operator,) = cluster.objects(*system, "deployment", "cilium-operator")
    assert operator["spec"]["replicas"] == 1
    healed(probes)
