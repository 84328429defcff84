"""Topic packages: exactly what the plan says, from where it says, held there, and really what runs."""

from __future__ import annotations

import fnmatch

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan import Repository
from meshstrap.plan.machines import DNF
from tests.hosts.sources import Source, configured, source_of

CHECK_SOURCES = (
    "sudo bash /opt/meshstrap/bootstrap.sh --only package_sources; what it takes stands in sources.repositories"
)


def installed(machine: Machine) -> dict[str, tuple[str, str]]:
    """Version and state of each planned package that the machine knows, by name."""
    if machine.node.family == DNF:
        lines = [line.split("\t") for line in machine.answers.lines("rpm") if "\t" in line]
        return {name: (version, "") for name, version in lines}
    lines = [line.split("\t") for line in machine.answers.lines("dpkg")]
    return {name: (version, state) for name, version, state in lines}


def sources(machine: Machine) -> dict[str, tuple[Repository, Source | None]]:
    """What the machine's package manager has for each planned repository."""
    found = configured(machine.answers, machine.node.family)
    return {one.name: (one, source_of(found, one)) for one in machine.node.repositories}


@check(
    "versions",
    step="packages",
    symptom="one node behaves unlike the others, or the kubelet refuses to work with the API server",
)
def test_every_package_has_the_planned_version(machine: Machine) -> None:
    found = installed(machine)
    wrong = []
    for package in machine.node.packages:
        version, state = found.get(package.name, ("not installed", ""))
        is_there = package.name in found and (machine.node.family == DNF or state.endswith(" ok installed"))
        if not is_there or not fnmatch.fnmatch(version, package.version or "*"):
            wrong.append(f"{package.name} {version if is_there else 'not installed'}")
    wanted = {package.name: f"{package.name} {package.version}".strip() for package in machine.node.packages}
    machine.expect(not wrong, wrong, ", ".join(wanted[words.split()[0]] for words in wrong))


@check("held", step="packages", symptom="after an upgrade of the system one node runs another version than the rest")
def test_every_planned_package_is_held(machine: Machine) -> None:
    if machine.node.family == DNF:
        excluded = {name for _, source in sources(machine).values() if source for name in source.excluded}
        free = [package.name for package in machine.node.packages if package.held and package.name not in excluded]
    else:
        states = {name: state for name, (_, state) in installed(machine).items()}
        held = [package.name for package in machine.node.packages if package.held]
        free = [name for name in held if not states.get(name, "").startswith("hold ")]
    machine.expect(not free, f"not held: {', '.join(free)}")


@check(
    "repositories",
    step="package_sources",
    symptom="an upgrade does not find its packages, or takes them from elsewhere",
    fix=CHECK_SOURCES,
)
def test_packages_come_from_the_planned_repositories(machine: Machine) -> None:
    found = sources(machine)
    absent = [f"{repository.name} ({repository.url})" for repository, source in found.values() if source is None]
    machine.expect(not absent, f"not configured, or switched off: {', '.join(absent)}")


@check("keys", step="package_sources", symptom="none, until somebody serves packages of their own", fix=CHECK_SOURCES)
def test_every_repository_is_bound_to_its_own_key(machine: Machine) -> None:
    known = fingerprints(machine)
    problems = []
    for repository, source in sources(machine).values():
        if source is None:
            continue
        keys = known.get(source.key, [])
        strange = [key for key in keys if key not in repository.key_fingerprints]
        if not source.is_checked or not source.key:
            problems.append(f"{repository.name} is bound to no key")
        elif not keys:
            problems.append(f"{repository.name}: no key in {source.key}")
        elif strange:
            problems.append(f"{repository.name} is bound to {', '.join(strange)}")
    machine.expect(not problems, problems)


def fingerprints(machine: Machine) -> dict[str, list[str]]:
    """The fingerprints of the primary keys in each key file, by path."""
    found: dict[str, list[str]] = {}
    path, is_primary = "", False
    for line in machine.answers.lines("keys"):
        if line.startswith("== "):
            path = line.removeprefix("== ")
            found[path] = []
        elif line.startswith("pub:"):
            is_primary = True
        elif line.startswith("fpr:") and is_primary:
            found[path].append(line.split(":")[9])
            is_primary = False
    return found


@check(
    "whole",
    step="packages",
    symptom="a service does not start after a power cut, and apt refuses to work",
    fix="sudo dpkg --configure -a; then: sudo bash /opt/meshstrap/bootstrap.sh --only packages",
)
def test_no_package_is_half_installed(machine: Machine) -> None:
    if machine.node.family == DNF:
        pytest.skip("rpm knows no half-installed packages")
    found = machine.answers.lines("dpkg_audit")
    machine.expect(not found, found)


@check(
    "current_programs",
    step="packages",
    symptom="a program reports another version than its package",
    fix="sudo systemctl restart containerd tailscaled kubelet: containers live on, the tailnet is away for seconds",
)
def test_the_running_programs_are_the_installed_ones(machine: Machine) -> None:
    found = [line for line in machine.answers.lines("programs") if line.endswith(" (deleted)")]
    machine.expect(not found, found)


@check(
    "trusted_ca", step="trusted_ca", symptom="downloads from your mirrors fail: certificate signed by unknown authority"
)
def test_the_private_ca_is_trusted(machine: Machine) -> None:
    found = machine.answers.said("trusted_ca")
    if not found.isdigit():
        raise CannotTell(f"grep counts {found!r}")
    machine.expect(int(found) > 0, "not among the system's certificates")
