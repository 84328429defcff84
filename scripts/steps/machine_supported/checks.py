"""The machine is what the plan counts on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import MINIMUM_KERNEL, broken_kernels
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question


def asks(plan: Plan) -> Asked:
    """System, kernel, processors, memory and clock."""
    del plan
    return Asked(
        texts=("/etc/os-release", "/proc/meminfo"),
        commands=(
            Question("kernel", "uname --kernel-release --machine"),
            Question("cpus", "nproc"),
            Question("pages", "getconf PAGESIZE"),
            Question("clock", "timedatectl show --property=NTPSynchronized --value"),
            Question("cgroup", "stat --file-system --format=%T /sys/fs/cgroup"),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan, node
    return {"minimum_kernel": ".".join(map(str, MINIMUM_KERNEL))}


TOPIC = Topic("machine", __file__, asks=asks, values=values)


@TOPIC.check(waiver="os")
def the_system_is_the_planned_one(machine: Machine) -> None:
    release = dict(
        line.split("=", 1) for line in machine.answers.needed_text("/etc/os-release").splitlines() if "=" in line
    )
    name, version = (release.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    # Oracle Linux calls itself ol and counts minor releases: 9.6.
    found = f"oracle-{version.partition('.')[0]}" if name == "ol" else f"{name}-{version}"
    machine.expect(found == machine.node.os, found)


@TOPIC.check(waiver="arch")
def the_processor_is_the_planned_one(machine: Machine) -> None:
    found = machine.answers.said("kernel").split()[-1]
    names = {"aarch64": "arm64", "x86_64": "amd64"}
    machine.expect(names.get(found, found) == machine.node.arch, found)


@TOPIC.check(waiver="kernel")
def the_kernel_runs_cilium(machine: Machine) -> None:
    release = machine.answers.said("kernel").split()[0]
    number = re.match(r"(\d+)\.(\d+)", release)
    if number is None:
        raise CannotTell(f"the kernel calls itself {release}")
    found = int(number.group(1)), int(number.group(2))
    machine.expect(found >= MINIMUM_KERNEL and found not in broken_kernels(machine.plan.versions), release)


@TOPIC.check(waiver="kernel")
def memory_pages_have_4_kib(machine: Machine) -> None:
    found = int(machine.answers.said("pages"))
    machine.expect(found == 4096, f"{found // 1024} KiB")  # noqa: PLR2004 - in the check's name


@TOPIC.check(waiver="cgroup")
def cgroups_are_version_two(machine: Machine) -> None:
    found = machine.answers.said("cgroup")
    machine.expect(found == "cgroup2fs", found)


@TOPIC.check(waiver="cpus")
def the_cpus_suffice(machine: Machine) -> None:
    found = int(machine.answers.said("cpus"))
    machine.expect(found >= machine.node.cpus, found)


@TOPIC.check(waiver="memory")
def the_memory_suffices(machine: Machine) -> None:
    total = re.search(r"^MemTotal:\s+(\d+) kB", machine.answers.needed_text("/proc/meminfo"), re.MULTILINE)
    if total is None:
        raise CannotTell("/proc/meminfo has no MemTotal")
    found = int(total.group(1)) // 1024
    machine.expect(found >= machine.node.minimum_memory_mib, f"{found} MiB")


@TOPIC.check(waiver="clock")
def the_clock_is_synchronised(machine: Machine) -> None:
    machine.expect(machine.answers.said("clock") == "yes", "not synchronised")
