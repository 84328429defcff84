"""Your own mirrors through ``sources:``: exact versions from signed repositories, and everything else refused."""

from __future__ import annotations

from typing import Any

import pytest

from .lab import Lab
from .machine import Machine
from .mirrors import HELM, Mirrors, add_mirrors
from .node import SCRIPT, lab_inventory, render, run_impatiently, status
from .statuses import KeptStatus
from .twice import up_to_the_tailnet
from .vendors import CONTAINERD, KUBERNETES, TAILSCALE, Sources

KEYS, LISTS = "/etc/apt/keyrings", "/etc/apt/sources.list.d"
CP1 = "/opt/meshstrap/cp1.sh"
PLANNED = {"kubelet": f"{KUBERNETES}-1.1", "containerd.io": f"{CONTAINERD}-1~lab", "tailscale": TAILSCALE}
NEWER = {"kubelet": "1.36.9-1.1", "containerd.io": "2.3.9-1~lab", "tailscale": "1.102.9"}
# What is wrong with a mirror, and what apt says of it.
WRONG_MIRRORS = {"signature": "is not signed", "package": "Hash Sum mismatch", "index": "Failed to fetch"}


@pytest.fixture(scope="module")
def mirrors(sources: Sources) -> Mirrors:
    return add_mirrors(sources)


@pytest.fixture(scope="module")
def bare(shared_lab: Lab, sources: Sources, mirrors: Mirrors) -> Machine:
    """Booted, with the tools that downloading takes, and nothing of a node installed."""
    machine = booted(shared_lab, sources, "bare")
    machine.write(SCRIPT, script(lab_inventory(sources)))
    machine.run("bash", SCRIPT, "--only", "package_sources").check()
    return machine


@pytest.fixture(scope="module")
def node(shared_lab: Lab, sources: Sources, mirrors: Mirrors) -> Machine:
    """Converged; one of its keys was served in binary."""
    machine = booted(shared_lab, sources, "w1")
    machine.write(SCRIPT, script(lab_inventory(sources).replace("/tailscale/key.asc", "/tailscale/key.gpg")))
    machine.run("bash", SCRIPT).check()
    return machine


def booted(lab: Lab, sources: Sources, name: str) -> Machine:
    machine = lab.machine(name)
    lab.use_distribution(machine, sources)
    machine.boot()
    return machine


def archives(helm_sha256: str) -> str:
    """Further sources: the lab's archive as Helm, and as a chart that has another checksum."""
    return (
        f"  helm: {{amd64: {{url: 'http://archive.lab.test/helm.tar.gz', sha256: '{helm_sha256}'}}}}\n"
        f"  cilium_chart: {{url: 'http://archive.lab.test/cilium.tgz', sha256: '{'1' * 64}'}}\n"
    )


def script(inventory: str) -> str:
    return up_to_the_tailnet(render(inventory).script)


def packages(machine: Machine) -> str:
    """What is installed, and the programs that it brought."""
    return machine.bash("dpkg-query --show; apt-mark showhold; ls /usr/bin /usr/sbin /opt").check().out


def stored(machine: Machine) -> str:
    """The repositories and keys that apt knows."""
    return machine.bash(f"grep -r . {KEYS} {LISTS}").check().out


def refused(machine: Machine, inventory: str) -> dict[str, Any]:
    """Run with an inventory that must be refused: the status afterwards."""
    machine.write(SCRIPT, script(inventory))
    result = run_impatiently(machine, SCRIPT)
    state = status(machine)
    assert (result.code, state["state"]) == (1, "failed"), result.err
    return state


def versions(machine: Machine) -> dict[str, str]:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${Version}\\n", *PLANNED]
    return dict(line.split(" ", 1) for line in machine.run(*query).check().out.splitlines())


@pytest.mark.parametrize(("wrong", "said"), WRONG_MIRRORS.items())
def test_a_wrong_mirror_is_refused_and_nothing_is_installed(
    bare: Machine, sources: Sources, kept_status: KeptStatus, wrong: str, said: str
) -> None:
    before = packages(bare)
    state = refused(bare, lab_inventory(sources).replace("lab.test/kubernetes/", f"lab.test/kubernetes-{wrong}/"))
    kept_status(f"apt-mirror-{wrong}", state)
    assert (state["step"], packages(bare)) == ("packages", before)
    assert said in state["message"]
    assert f"apt.lab.test/kubernetes-{wrong}" in state["message"]
    assert state["next"].startswith("journalctl -u meshstrap -n 50; disk: df -h; repository: sources.repositories")


def test_a_key_that_the_plan_does_not_name_is_refused_and_not_stored(
    bare: Machine, sources: Sources, mirrors: Mirrors, kept_status: KeptStatus
) -> None:
    before = stored(bare)
    state = refused(bare, lab_inventory(sources).replace(sources.fingerprint, mirrors.stranger, 1))
    kept_status("key-not-planned", state)
    assert (state["step"], stored(bare)) == ("package_sources", before)
    assert (
        f"kubernetes/key.asc: signing key {sources.fingerprint} is not in the plan: nothing was stored"
        in state["message"]
    )
    assert "sources.repositories.kubernetes.key_fingerprints in cluster.yaml" in state["next"]


def test_a_page_instead_of_a_key_is_refused_and_not_stored(
    bare: Machine, sources: Sources, kept_status: KeptStatus
) -> None:
    # A planned key that is there already is not fetched again.
    bare.run("rm", f"{KEYS}/meshstrap-kubernetes.asc").check()
    before = stored(bare)
    state = refused(bare, lab_inventory(sources).replace("lab.test/kubernetes/key.asc", "lab.test/portal/key.asc"))
    assert (state["step"], stored(bare)) == ("package_sources", before)
    kept_status("key-is-a-page", state)
    assert "portal/key.asc is no OpenPGP key" in state["message"]
    assert state["next"] == "check sources.repositories.kubernetes in cluster.yaml"


def test_an_archive_with_another_checksum_is_refused_and_not_unpacked(
    bare: Machine, sources: Sources, mirrors: Mirrors
) -> None:
    before = bare.bash("find /opt/meshstrap /var/lib/meshstrap ! -name cp1.sh").out
    bare.write(CP1, render(lab_inventory(sources, extra=archives("0" * 64)), "cp1").script)
    result = run_impatiently(bare, CP1, "--only", "cilium")
    assert result.code == 1
    assert (
        f"helm.tar.gz has sha256 {mirrors.helm_sha256}, the plan says {'0' * 64}: nothing was installed" in result.err
    )
    assert "what to do: check sources in cluster.yaml" in result.err
    assert bare.bash("find /opt/meshstrap /var/lib/meshstrap ! -name cp1.sh").out == before


def test_an_archive_with_the_planned_checksum_is_installed_whatever_follows(
    bare: Machine, sources: Sources, mirrors: Mirrors
) -> None:
    bare.write(CP1, render(lab_inventory(sources, extra=archives(mirrors.helm_sha256)), "cp1").script)
    result = run_impatiently(bare, CP1, "--only", "cilium")
    assert f"cilium.tgz has sha256 {mirrors.helm_sha256}, the plan says {'1' * 64}" in result.err
    assert bare.bash("cat /opt/meshstrap/helm-*").out == HELM
    bare.bash("rm /opt/meshstrap/helm-*").check()


def test_every_package_is_at_the_version_of_the_plan_though_the_mirror_has_newer_ones(node: Machine) -> None:
    assert versions(node) == PLANNED
    for name, newer in NEWER.items():
        offered = node.run("apt-cache", "madison", name).check().out.splitlines()
        assert newer in [line.split("|")[1].strip() for line in offered]


def test_an_upgrade_of_the_whole_system_leaves_them(node: Machine) -> None:
    node.run("apt-get", "--yes", "dist-upgrade").check()
    assert versions(node) == PLANNED


def test_a_version_that_somebody_installed_goes_back_to_the_plans_and_is_held_again(node: Machine) -> None:
    wanted = [f"{name}={version}" for name, version in NEWER.items()]
    node.run("apt-get", "--yes", "--allow-change-held-packages", "install", *wanted).check()
    node.run("apt-mark", "unhold", *NEWER).check()
    assert versions(node) != PLANNED
    node.run("bash", SCRIPT).check()
    assert versions(node) == PLANNED
    assert set(NEWER) <= set(node.run("apt-mark", "showhold").out.split())


@pytest.mark.parametrize("name", ["kubernetes", "tailscale"])
def test_a_key_is_stored_as_ascii_however_it_was_served(node: Machine, mirrors: Mirrors, name: str) -> None:
    served = (mirrors.folder / ("tailscale/key.gpg" if name == "tailscale" else "kubernetes/key.asc")).read_bytes()
    assert served.startswith(b"-----BEGIN PGP") == (name == "kubernetes")
    assert node.read(f"{KEYS}/meshstrap-{name}.asc").startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
