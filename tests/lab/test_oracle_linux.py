"""The rendered scripts of Oracle Linux on real dnf, rpm and firewalld: a Debian machine that calls itself so.

What this cannot show: Oracle's kernel, an SELinux that enforces, and Oracle's own image.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .lab import Lab
from .machine import Machine
from .node import LAST_STEP, SCRIPT, run_impatiently, status
from .oracle import NEWER, Rpms, oracle_inventory, oracle_machine, place_script, serve_rpms
from .process import wait_until
from .statuses import KeptStatus
from .vendors import CONTAINERD, KUBERNETES, TAILSCALE, Sources

RELEASES = ("9", "10")
PLANNED = {"kubelet": f"{KUBERNETES}-1.1", "containerd.io": f"{CONTAINERD}-1lab", "tailscale": f"{TAILSCALE}-1"}
# What is wrong with a mirror, and what of that a person reads.
WRONG_MIRRORS = {
    "unsigned": "Package cri-tools-1.36.0-1.1.x86_64.rpm is not signed",
    "stranger": 'The GPG keys listed for the "meshstrap kubernetes" repository are already installed but they are not '
    "correct for this package.Check that the correct key URLs are configured for this repository.. Failing package is: "
    "cri-tools-1.36.0-1.1.x86_64",
    "without": "kubelet-1.36.3-*",
    "away": "Failed to download metadata for repo 'meshstrap-kubernetes'",
}


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def rpms(shared_lab: Lab, sources: Sources, cache: Path) -> Rpms:
    workshop = oracle_machine(shared_lab, "workshop", RELEASES[0])
    return serve_rpms(workshop, cache, sources)


@pytest.fixture(scope="module")
def bare(shared_lab: Lab, rpms: Rpms, release: str) -> Machine:
    """Booted, with nothing of a node installed but where packages come from."""
    machine = oracle_machine(shared_lab, f"ol{release}", release)
    machine.boot()
    machine.run("systemctl", "start", "firewalld").check()
    place_script(machine, oracle_inventory(rpms, release))
    machine.run("bash", SCRIPT, "--only", "package_sources").check()
    return machine


@pytest.fixture(scope="module")
def node(bare: Machine, rpms: Rpms, release: str) -> Machine:
    """Every step up to the tailnet has converged."""
    place_script(bare, oracle_inventory(rpms, release))
    bare.run("bash", SCRIPT, timeout=600).check()
    return bare


def versions(machine: Machine) -> dict[str, str]:
    found = machine.run("rpm", "--query", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\\n", *PLANNED).check().out
    return dict(line.split(" ", 1) for line in found.splitlines())


def refused(machine: Machine, inventory: str) -> dict[str, Any]:
    """Run with an inventory that must be refused: the status afterwards, and nothing was installed."""
    before = packages(machine)
    place_script(machine, inventory)
    result = run_impatiently(machine, SCRIPT)
    state = status(machine)
    assert (result.code, state["state"]) == (1, "failed"), result.err
    assert packages(machine) == before
    return state


def packages(machine: Machine) -> set[str]:
    """What is installed; a key that dnf has imported is no package."""
    return {name for name in machine.run("rpm", "--query", "--all").check().out.split() if "gpg-pubkey" not in name}


@pytest.mark.parametrize(("wrong", "said"), WRONG_MIRRORS.items())
def test_a_wrong_mirror_is_refused_and_nothing_is_installed(
    bare: Machine, rpms: Rpms, release: str, kept_status: KeptStatus, wrong: str, said: str
) -> None:
    state = refused(bare, oracle_inventory(rpms, release).replace("rpm/kubernetes'", f"rpm/kubernetes-{wrong}'"))
    kept_status(f"dnf-mirror-{wrong}", state)
    assert state["step"] == "packages"
    assert said in state["message"]
    assert state["next"].startswith("journalctl -u meshstrap -n 50; disk: df -h; repository: sources.repositories")


def test_a_key_that_the_plan_does_not_name_is_refused_and_not_stored(
    bare: Machine, rpms: Rpms, release: str, kept_status: KeptStatus
) -> None:
    before = bare.bash("sha256sum /etc/pki/rpm-gpg/*").out
    state = refused(bare, oracle_inventory(rpms, release).replace(rpms.fingerprint, rpms.stranger, 1))
    kept_status("dnf-key-not-planned", state)
    assert state["step"] == "package_sources"
    assert f"signing key {rpms.fingerprint} is not in the plan: nothing was stored" in state["message"]
    assert bare.bash("sha256sum /etc/pki/rpm-gpg/*").out == before


def aged(rpms: Rpms, release: str) -> str:
    """The inventory with a vendor of Kubernetes whose signing key has ended."""
    return (
        oracle_inventory(rpms, release)
        .replace("rpm/kubernetes", "rpm/kubernetes-aged")
        .replace(rpms.fingerprint, rpms.aged, 1)
    )


def test_a_key_that_has_ended_at_its_vendor_is_refused_until_the_vendor_prolongs_it(
    bare: Machine, rpms: Rpms, release: str, kept_status: KeptStatus
) -> None:
    ended = rpms.folder / "kubernetes-aged/key.asc"
    before = ended.read_bytes()
    state = refused(bare, aged(rpms, release))
    kept_status("dnf-key-ended", state)
    assert state["step"] == "package_sources"
    assert "/etc/pki/rpm-gpg/meshstrap-kubernetes.asc has expired, here or at its vendor" in state["message"]
    ended.write_bytes(ended.with_name("prolonged.asc").read_bytes())
    try:
        bare.run("bash", SCRIPT, "--only", "package_sources").check()
        bare.run("dnf", "--quiet", "--assumeyes", "--disableexcludes=all", "install", "kubernetes-cni").check()
    finally:
        ended.write_bytes(before)
        bare.bash("rpm --erase kubernetes-cni; dnf --quiet clean all").check()


def test_a_node_that_has_joined_goes_on_with_a_key_that_has_ended_and_dnf_takes_what_it_signed_before(
    bare: Machine, rpms: Rpms, release: str
) -> None:
    """The refusal above is the step's own: dnf asks whether the key was good when the package was signed."""
    place_script(bare, aged(rpms, release))
    bare.write("/etc/kubernetes/kubelet.conf", "as after a join\n")
    try:
        bare.run("bash", SCRIPT, "--only", "package_sources").check()
        bare.run("dnf", "--quiet", "--assumeyes", "--disableexcludes=all", "install", "kubernetes-cni").check()
    finally:
        bare.bash("rpm --erase kubernetes-cni; rm /etc/kubernetes/kubelet.conf").check()
        place_script(bare, oracle_inventory(rpms, release))
        bare.run("bash", SCRIPT, "--only", "package_sources").check()
        bare.run("dnf", "--quiet", "clean", "all").check()


def test_while_another_dnf_is_at_work_nothing_is_installed_and_it_goes_on_afterwards(
    bare: Machine, rpms: Rpms, release: str
) -> None:
    place_script(bare, oracle_inventory(rpms, release))
    bare.run("bash", SCRIPT, "--only", "package_sources").check()
    # As dnf itself holds it: the number of a process that lives.
    lock = "/var/lib/dnf/rpmdb_lock.pid"
    bare.bash(f"mkdir -p {Path(lock).parent}; printf 1 >{lock}").check()
    try:
        result = run_impatiently(bare, SCRIPT, "--only", "packages")
        assert result.code == 1
        assert "lock" in result.err
        assert bare.run("rpm", "--query", "kubelet").code == 1
    finally:
        bare.run("rm", lock).check()


def test_every_step_up_to_the_tailnet_converges(
    node: Machine, release: str, record_property: Callable[[str, object], None]
) -> None:
    state = status(node)
    assert {step["state"] for step in state["steps"]} <= {"ok", "changed"}
    assert versions(node) == PLANNED
    record_property("proven", [f"oracle-{release}", "amd64", "steps", f"on a stand-in: up to `{LAST_STEP}`"])


def test_a_second_run_changes_nothing(node: Machine) -> None:
    assert re.search(r"\bchanged=0\b", node.run("bash", SCRIPT, timeout=300).check().err)


def test_the_image_keeps_the_nodes_name_and_selinux_is_permissive_after_a_boot(node: Machine) -> None:
    assert node.run("hostname").out.strip() == "w1"
    assert "PRESERVE_HOSTINFO=2" in node.read("/etc/oci-hostname.conf")
    assert node.read("/etc/selinux/config").splitlines()[0] == "SELINUX=permissive"


def test_what_a_reload_of_firewalld_flushes_comes_back_with_its_owner(node: Machine) -> None:
    began = node.run("systemctl", "show", "--property=MainPID", "--value", "tailscaled").check().out
    node.run("iptables", "-w", "-S", "meshstrap").check()
    node.run("firewall-cmd", "--reload").check()
    node.run("nft", "list", "table", "inet", "meshstrap").check()
    assert node.run("iptables", "-w", "-S", "meshstrap").code == 1, "firewalld has flushed it, as all other chains"
    wait_until(lambda: node.run("iptables", "-w", "-S", "meshstrap").code == 0, "the chain again", seconds=120)
    assert node.run("systemctl", "show", "--property=MainPID", "--value", "tailscaled").check().out != began
    assert node.run("bash", SCRIPT, "--only", "mesh_guards", "--check").code == 0


def test_an_upgrade_of_the_whole_system_leaves_the_planned_packages(node: Machine) -> None:
    offered = node.run("dnf", "--quiet", "--disableexcludes=all", "list", "--available", "--showduplicates", "kubelet")
    assert NEWER in offered.check().out
    node.run("dnf", "--quiet", "--assumeyes", "upgrade", timeout=300).check()
    assert versions(node) == PLANNED


def test_a_repository_that_was_rolled_back_takes_no_package_back_and_is_named_when_one_is_missing(
    node: Machine, rpms: Rpms, kept_status: KeptStatus
) -> None:
    """dnf believes older metadata that the vendor has signed: exact versions are what keeps an old package out."""
    served = rpms.folder / "kubernetes"
    kept = served.rename(served.with_name("kubernetes-kept"))
    served.with_name("kubernetes-older").rename(served)
    try:
        node.run("dnf", "--quiet", "clean", "expire-cache").check()
        node.run("dnf", "--quiet", "--assumeyes", "upgrade", timeout=300).check()
        assert re.search(r"\bchanged=0\b", node.run("bash", SCRIPT, timeout=300).check().err)
        assert versions(node) == PLANNED
        node.bash("rpm --erase --nodeps kubectl").check()
        result = run_impatiently(node, SCRIPT)
        assert result.code == 1
        kept_status("dnf-rolled-back", status(node))
        assert f"kubectl-{KUBERNETES}-*" in status(node)["message"]
        assert node.run("rpm", "--query", "kubectl").code == 1
    finally:
        served.rename(served.with_name("kubernetes-older"))
        kept.rename(served)
        node.run("dnf", "--quiet", "clean", "expire-cache").check()
    node.run("bash", SCRIPT, "--only", "packages", timeout=300).check()
    assert node.run("rpm", "--query", "kubectl").check().out.startswith(f"kubectl-{KUBERNETES}")


def test_a_repository_of_the_image_that_does_not_answer_stops_nothing(node: Machine) -> None:
    broken = "/etc/yum.repos.d/broken.repo"
    node.write(broken, "[broken]\nname=broken\nbaseurl=http://apt.lab.test/rpm/nowhere\nenabled=1\n")
    try:
        node.bash("rpm --erase --nodeps kubectl").check()
        run_impatiently(node, SCRIPT, "--only", "packages").check()
        assert node.run("rpm", "--query", "kubectl").check().out.startswith(f"kubectl-{KUBERNETES}")
    finally:
        node.run("rm", broken).check()


def test_a_version_that_somebody_installed_goes_back_and_stays_once_the_node_has_joined(node: Machine) -> None:
    newer = ("dnf", "--quiet", "--assumeyes", "--disableexcludes=all", "install", f"kubelet-{NEWER}")
    node.run(*newer, timeout=300).check()
    node.run("bash", SCRIPT, "--only", "packages", timeout=300).check()
    assert versions(node) == PLANNED
    node.write("/etc/kubernetes/kubelet.conf", "as after a join\n")
    node.run(*newer, timeout=300).check()
    said = node.run("bash", SCRIPT, "--only", "packages", timeout=300).check().err
    assert f"newer than the plan: kubelet-{NEWER}-1.1; plan it or pass --downgrade" in said
    assert versions(node)["kubelet"] == f"{NEWER}-1.1"
    node.run("bash", SCRIPT, "--only", "packages", "--downgrade", timeout=300).check()
    assert versions(node) == PLANNED
    node.run("rm", "/etc/kubernetes/kubelet.conf").check()
