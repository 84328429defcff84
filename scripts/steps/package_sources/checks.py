"""Packages come from where the plan says, and from nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.sources import FILES, beside, sources

# Only what a repository is bound to: the system's own keyrings are many.
_KEYS = (
    "command -v gpg >/dev/null || exit 127; "
    r"sed -nE 's/^Signed-By: *//p; s/.*signed-by=([^] ]+).*/\1/p; s|^gpgkey=file://||p' "
    "/etc/apt/sources.list.d/* /etc/yum.repos.d/*.repo 2>/dev/null | sort --unique | while read -r f; do "
    'echo "== $f"; gpg --batch --quiet --with-colons --show-keys "$f" 2>/dev/null; done; exit 0'
)


def asks(plan: Plan) -> Asked:
    """The package manager's sources, and the keys that they are bound to."""
    del plan
    return Asked(texts=FILES, commands=(Question("keys", _KEYS),))


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {
        "repositories": ", ".join(f"{one.name} from {one.url}" for one in node.repositories),
        "keys": ", ".join(f"{one.name} {' or '.join(one.key_fingerprints)}" for one in node.repositories),
    }


TOPIC = Topic("packages", __file__, asks=asks, values=values)


@TOPIC.check()
def packages_come_from_the_planned_repositories(machine: Machine) -> None:
    found = sources(machine)
    absent = [f"{repository.name} ({repository.url})" for repository, source in found.values() if source is None]
    machine.expect(not absent, f"not configured, or switched off: {', '.join(absent)}")


@TOPIC.check()
def no_other_source_offers_the_same_packages(machine: Machine) -> None:
    found = [f"{repository.name} also in {source.file}" for repository, source in beside(machine)]
    machine.expect(not found, list(dict.fromkeys(found)))


@TOPIC.check()
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
