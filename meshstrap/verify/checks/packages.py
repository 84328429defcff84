"""Topic packages: exactly what the plan says, from where it says, held there, and really what runs."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan, Repository
from meshstrap.plan.machines import DNF
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.sources import Source, configured, source_of

# A pair of quotes inside of the program text is one too many for the shell: this one is a here-document.
_RPM_FORMAT = r"%{NAME}\t%{VERSION}-%{RELEASE}\n"
# Only what a repository is bound to: the system's own keyrings are many.
_KEYS = (
    "command -v gpg >/dev/null || exit 127; "
    r"sed -nE 's/^Signed-By: *//p; s/.*signed-by=([^] ]+).*/\1/p; s|^gpgkey=file://||p' "
    "/etc/apt/sources.list.d/* /etc/yum.repos.d/*.repo 2>/dev/null | sort --unique | while read -r f; do "
    'echo "== $f"; gpg --batch --quiet --with-colons --show-keys "$f" 2>/dev/null; done; exit 0'
)
_PROGRAMS = (
    "for unit in containerd tailscaled kubelet; do pid=$(systemctl show --property=MainPID --value $unit); "
    '[[ $pid == 0 ]] || echo "$unit $(readlink /proc/$pid/exe)"; done'
)
_BUNDLES = "/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt"


def asks(plan: Plan) -> Asked:
    """Sources and their keys, and versions of what any node of the plan installs."""
    wanted = {node.family: " ".join(one.name for one in node.packages) for node in plan.nodes}
    trusted = [line for line in plan.trusted_ca.splitlines() if line and not line.startswith("-")]
    dpkg = rf"dpkg-query --show --showformat='${{Package}}\t${{Version}}\t${{Status}}\n' {wanted.get('apt', 'dpkg')}"
    return Asked(
        texts=(
            "/etc/apt/sources.list",
            "/etc/apt/sources.list.d/*.list",
            "/etc/apt/sources.list.d/*.sources",
            "/etc/yum.repos.d/*.repo",
        ),
        commands=(
            Question("dpkg_audit", "dpkg --audit"),
            Question("keys", _KEYS),
            Question("programs", _PROGRAMS),
            # A name that is not installed makes either program exit 1.
            Question("dpkg", dpkg, codes=(0, 1)),
            Question("rpm", f"rpm --query --queryformat '{_RPM_FORMAT}' {wanted.get('dnf', 'rpm')}", codes=(0, 1)),
            # Its second line differs from certificate to certificate; the first is much the same in all.
            *(
                Question(
                    "trusted_ca", f"cat {_BUNDLES} 2>/dev/null | grep --count --fixed-strings '{line}'", codes=(0, 1)
                )
                for line in trusted[1:2]
            ),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {
        "exact": ", ".join(f"{package.name} {package.version}" for package in node.packages if package.version),
        "loose": ", ".join(package.name for package in node.packages if not package.version),
        "held": ", ".join(package.name for package in node.packages if package.held),
        "repositories": ", ".join(f"{one.name} from {one.url}" for one in node.repositories),
        "keys": ", ".join(f"{one.name} {' or '.join(one.key_fingerprints)}" for one in node.repositories),
    }


TOPIC = Topic(__file__, asks=asks, values=values)


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


@TOPIC.check(step="packages")
def every_package_has_the_planned_version(machine: Machine) -> None:
    found = installed(machine)
    wrong = []
    for package in machine.node.packages:
        version, state = found.get(package.name, ("not installed", ""))
        is_there = package.name in found and (machine.node.family == DNF or state.endswith(" ok installed"))
        if not is_there or not fnmatch.fnmatch(version, package.version or "*"):
            wrong.append(f"{package.name} {version if is_there else 'not installed'}")
    wanted = {package.name: f"{package.name} {package.version}".strip() for package in machine.node.packages}
    machine.expect(not wrong, wrong, ", ".join(wanted[words.split()[0]] for words in wrong))


@TOPIC.check(step="packages")
def every_planned_package_is_held(machine: Machine) -> None:
    if machine.node.family == DNF:
        excluded = {name for _, source in sources(machine).values() if source for name in source.excluded}
        free = [package.name for package in machine.node.packages if package.held and package.name not in excluded]
    else:
        states = {name: state for name, (_, state) in installed(machine).items()}
        held = [package.name for package in machine.node.packages if package.held]
        free = [name for name in held if not states.get(name, "").startswith("hold ")]
    machine.expect(not free, f"not held: {', '.join(free)}")


@TOPIC.check(step="package_sources")
def packages_come_from_the_planned_repositories(machine: Machine) -> None:
    found = sources(machine)
    absent = [f"{repository.name} ({repository.url})" for repository, source in found.values() if source is None]
    machine.expect(not absent, f"not configured, or switched off: {', '.join(absent)}")


@TOPIC.check(step="package_sources")
def every_repository_is_bound_to_its_own_key(machine: Machine) -> None:
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


@TOPIC.check(step="packages")
def no_package_is_half_installed(machine: Machine) -> None:
    if machine.node.family == DNF:
        machine.skip("rpm knows no half-installed packages")
    found = machine.answers.lines("dpkg_audit")
    machine.expect(not found, found)


@TOPIC.check(step="packages")
def the_running_programs_are_the_installed_ones(machine: Machine) -> None:
    found = [line for line in machine.answers.lines("programs") if line.endswith(" (deleted)")]
    machine.expect(not found, found)


@TOPIC.check(step="trusted_ca")
def the_private_ca_is_trusted(machine: Machine) -> None:
    found = machine.answers.said("trusted_ca")
    if not found.isdigit():
        raise CannotTell(f"grep counts {found!r}")
    machine.expect(int(found) > 0, "not among the system's certificates")
