"""Exactly what the plan says is installed, held there, and really what runs."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.machines import DNF
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import is_newer
from meshstrap.verify.sources import FILES, sources

_RPM_FORMAT = r"%{NAME}\t%{VERSION}-%{RELEASE}\n"
_PROGRAMS = (
    "for unit in containerd tailscaled kubelet; do pid=$(systemctl show --property=MainPID --value $unit); "
    '[[ $pid == 0 ]] || echo "$unit $(readlink /proc/$pid/exe)"; done'
)


def asks(plan: Plan) -> Asked:
    """Versions of what any node of the plan installs, and the programs that run."""
    wanted = {node.family: " ".join(one.name for one in node.packages) for node in plan.nodes}
    dpkg = rf"dpkg-query --show --showformat='${{Package}}\t${{Version}}\t${{Status}}\n' {wanted.get('apt', 'dpkg')}"
    return Asked(
        texts=FILES,
        commands=(
            Question("dpkg_audit", "dpkg --audit"),
            Question("programs", _PROGRAMS),
            # A name that is not installed makes either program exit 1.
            Question("dpkg", dpkg, codes=(0, 1)),
            Question("rpm", f"rpm --query --queryformat '{_RPM_FORMAT}' {wanted.get('dnf', 'rpm')}", codes=(0, 1)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {
        "exact": ", ".join(f"{package.name} {package.version}" for package in node.packages if package.version),
        "loose": ", ".join(package.name for package in node.packages if not package.version),
        "held": ", ".join(package.name for package in node.packages if package.held),
    }


TOPIC = Topic("packages", __file__, asks=asks, values=values)


def installed(machine: Machine) -> dict[str, tuple[str, str]]:
    """Version and state of each planned package that the machine knows, by name."""
    if machine.node.family == DNF:
        lines = [line.split("\t") for line in machine.answers.lines("rpm") if "\t" in line]
        return {name: (version, "") for name, version in lines}
    lines = [line.split("\t") for line in machine.answers.lines("dpkg")]
    return {name: (version, state) for name, version, state in lines}


@TOPIC.check()
def every_package_has_the_planned_version(machine: Machine) -> None:
    found = installed(machine)
    wrong = []
    for package in machine.node.packages:
        version, state = found.get(package.name, ("not installed", ""))
        is_there = package.name in found and (machine.node.family == DNF or state.endswith(" ok installed"))
        if is_there and is_newer(version, package.version or version):
            continue
        if not is_there or not fnmatch.fnmatch(version, package.version or "*"):
            wrong.append(f"{package.name} {version if is_there else 'not installed'}")
    wanted = {package.name: f"{package.name} {package.version}".strip() for package in machine.node.packages}
    machine.expect(not wrong, wrong, ", ".join(wanted[words.split()[0]] for words in wrong))


@TOPIC.check()
def no_package_is_newer_than_the_plan(machine: Machine) -> None:
    found = installed(machine)
    newer = {
        package.name: package.version
        for package in machine.node.packages
        if package.version
        and package.name in found
        and not fnmatch.fnmatch(found[package.name][0], package.version)
        and is_newer(found[package.name][0], package.version)
    }
    text = [f"{name} {found[name][0]}: newer than the plan" for name in newer]
    machine.expect(not newer, text, ", ".join(f"{name} {version}" for name, version in newer.items()))


@TOPIC.check()
def every_planned_package_is_held(machine: Machine) -> None:
    if machine.node.family == DNF:
        excluded = {name for _, source in sources(machine).values() if source for name in source.excluded}
        free = [package.name for package in machine.node.packages if package.held and package.name not in excluded]
    else:
        states = {name: state for name, (_, state) in installed(machine).items()}
        held = [package.name for package in machine.node.packages if package.held]
        free = [name for name in held if not states.get(name, "").startswith("hold ")]
    machine.expect(not free, f"not held: {', '.join(free)}")


@TOPIC.check()
def no_package_is_half_installed(machine: Machine) -> None:
    if machine.node.family == DNF:
        machine.skip("rpm knows no half-installed packages")
    found = machine.answers.lines("dpkg_audit")
    machine.expect(not found, found)


@TOPIC.check()
def the_running_programs_are_the_installed_ones(machine: Machine) -> None:
    found = [line for line in machine.answers.lines("programs") if line.endswith(" (deleted)")]
    machine.expect(not found, found)
