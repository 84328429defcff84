"""Topic machine: is it there, is it one of ours, and is it what the plan counts on."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.machines import DNF, KERNEL_MODULES
from meshstrap.plan.names import MINIMUM_KERNEL, SYSCTLS, broken_kernels
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.arrival import Arrival
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine, NotAsPlanned
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reach import hint
from meshstrap.verify.reading import fields, settings


def asks(plan: Plan) -> Asked:
    """System, kernel, names and clock."""
    del plan
    return Asked(
        texts=(
            "/etc/os-release",
            "/etc/hostname",
            "/etc/hosts",
            "/etc/fstab",
            "/etc/oci-hostname.conf",
            "/etc/selinux/config",
            "/etc/modules",
            "/etc/modules-load.d/*.conf",
            "/run/modules-load.d/*.conf",
            "/usr/lib/modules-load.d/*.conf",
            "/proc/swaps",
            "/proc/meminfo",
            *map(_running, SYSCTLS),
        ),
        modes=(*(f"/sys/module/{module}" for module in KERNEL_MODULES), "/sys/fs/selinux/enforce"),
        commands=(
            Question("kernel", "uname --kernel-release --machine"),
            Question("cpus", "nproc"),
            Question("clock", "timedatectl show --property=NTPSynchronized --value"),
            Question("cgroup", "stat --file-system --format=%T /sys/fs/cgroup"),
            # Targets are always there: an empty list means that systemd did not answer.
            Question("swap_units", "systemctl list-unit-files --type=swap,target --no-legend --plain"),
            Question(
                "modules", f"for m in {' '.join(KERNEL_MODULES)}; do modprobe --show-depends $m; done", codes=(0, 1)
            ),
            Question("sysctl_files", "systemd-analyze cat-config sysctl.d"),
            Question("selinux", "getenforce"),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {
        "nodes": ", ".join(one.name for one in plan.nodes),
        "minimum_kernel": ".".join(map(str, MINIMUM_KERNEL)),
        "modules": ", ".join(KERNEL_MODULES),
        "sysctls": ", ".join(f"{name} = {value}" for name, value in SYSCTLS.items()),
    }


def _running(setting: str) -> str:
    """Where the kernel shows a setting."""
    return f"/proc/sys/{setting.replace('.', '/')}"


TOPIC = Topic(__file__, asks=asks, values=values)


@TOPIC.check(of_host=True)
def the_machine_answers(arrival: Arrival) -> None:
    if arrival.answers is None:
        raise NotAsPlanned(f"{arrival.silence} ({hint(arrival.silence)})")


@TOPIC.check(of_host=True)
def the_machine_is_a_node_of_the_plan(arrival: Arrival) -> None:
    if arrival.node is None:
        raise NotAsPlanned(f"the host {arrival.host}, which calls itself {arrival.reported}")


@TOPIC.check(step="machine_supported", waiver="os")
def the_system_is_the_planned_one(machine: Machine) -> None:
    release = dict(
        line.split("=", 1) for line in machine.answers.needed_text("/etc/os-release").splitlines() if "=" in line
    )
    name, version = (release.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    # Oracle Linux calls itself ol and counts minor releases: 9.6.
    found = f"oracle-{version.partition('.')[0]}" if name == "ol" else f"{name}-{version}"
    machine.expect(found == machine.node.os, found)


@TOPIC.check(step="machine_supported", waiver="arch")
def the_processor_is_the_planned_one(machine: Machine) -> None:
    found = machine.answers.said("kernel").split()[-1]
    names = {"aarch64": "arm64", "x86_64": "amd64"}
    machine.expect(names.get(found, found) == machine.node.arch, found)


@TOPIC.check(step="machine_supported", waiver="kernel")
def the_kernel_runs_cilium(machine: Machine) -> None:
    release = machine.answers.said("kernel").split()[0]
    number = re.match(r"(\d+)\.(\d+)", release)
    if number is None:
        raise CannotTell(f"the kernel calls itself {release}")
    found = int(number.group(1)), int(number.group(2))
    machine.expect(found >= MINIMUM_KERNEL and found not in broken_kernels(machine.plan.versions), release)


@TOPIC.check(step="machine_supported", waiver="cgroup")
def cgroups_are_version_two(machine: Machine) -> None:
    found = machine.answers.said("cgroup")
    machine.expect(found == "cgroup2fs", found)


@TOPIC.check(step="machine_supported", waiver="cpus")
def the_cpus_suffice(machine: Machine) -> None:
    found = int(machine.answers.said("cpus"))
    machine.expect(found >= machine.node.minimum_cpus, found)


@TOPIC.check(step="machine_supported", waiver="memory")
def the_memory_suffices(machine: Machine) -> None:
    total = re.search(r"^MemTotal:\s+(\d+) kB", machine.answers.needed_text("/proc/meminfo"), re.MULTILINE)
    if total is None:
        raise CannotTell("/proc/meminfo has no MemTotal")
    found = int(total.group(1)) // 1024
    machine.expect(found >= machine.node.minimum_memory_mib, f"{found} MiB")


@TOPIC.check(step="machine_supported", waiver="clock")
def the_clock_is_synchronised(machine: Machine) -> None:
    machine.expect(machine.answers.said("clock") == "yes", "not synchronised")


@TOPIC.check(step="hostname")
def the_hostname_is_the_nodes_name(machine: Machine) -> None:
    found = machine.answers.said("hostname")
    machine.expect(found == machine.node.name, found)


@TOPIC.check(step="hostname")
def the_hostname_is_kept(machine: Machine) -> None:
    at_boot = (machine.answers.text("/etc/hostname") or "").strip()
    machine.expect(at_boot == machine.node.name, f"/etc/hostname says {at_boot or 'nothing'}")
    oracle = machine.answers.text("/etc/oci-hostname.conf")
    if machine.node.family == DNF and oracle is not None:
        kept = dict(settings(oracle)).get("PRESERVE_HOSTINFO", "")
        machine.expect(kept == "2", f"/etc/oci-hostname.conf has PRESERVE_HOSTINFO={kept}, not 2")


@TOPIC.check(step="hostname")
def the_hostname_resolves_without_dns(machine: Machine) -> None:
    lines = fields(machine.answers.needed_text("/etc/hosts"))
    machine.expect(any(machine.node.name in words[1:] for words in lines), "no line of /etc/hosts")


@TOPIC.check(step="swap_off")
def no_swap_is_in_use(machine: Machine) -> None:
    lines = machine.answers.needed_text("/proc/swaps").splitlines()[1:]
    machine.expect(not lines, [line.split()[0] for line in lines])


@TOPIC.check(step="swap_off")
def no_swap_comes_back_at_boot(machine: Machine) -> None:
    listed = [line.split() for line in machine.answers.lines("swap_units")]
    if not listed:
        raise CannotTell("systemd lists no units at all")
    entries = [words[0] for words in fields(machine.answers.text("/etc/fstab") or "") if words[2:3] == ["swap"]]
    live = [name for name, state, *_ in listed if name.endswith(".swap") and not state.startswith("masked")]
    machine.expect(not entries + live, [f"fstab: {name}" for name in entries] + live)


@TOPIC.check(step="kernel_modules")
def kernel_modules_are_loaded(machine: Machine) -> None:
    said = machine.answers.lines("modules")
    missing = [
        name
        for name in KERNEL_MODULES
        if not machine.answers.modes(f"/sys/module/{name}") and f"builtin {name}" not in said
    ]
    machine.expect(not missing, f"not loaded: {', '.join(missing)}")


@TOPIC.check(step="kernel_modules")
def kernel_modules_are_loaded_at_every_boot(machine: Machine) -> None:
    files = machine.answers.texts("/etc/modules", "*/modules-load.d/*.conf")
    named = {words[0] for text in files.values() for words in fields(text)}
    missing = [name for name in KERNEL_MODULES if name not in named]
    machine.expect(not missing, f"in no file: {', '.join(missing)}")


@TOPIC.check(step="kernel_sysctls")
def kernel_settings_are_in_force(machine: Machine) -> None:
    running = {name: machine.answers.text(_running(name)) for name in SYSCTLS}
    wrong = [
        f"{name} = {(running[name] or 'unknown').strip()}"
        for name, value in SYSCTLS.items()
        if (running[name] or "").split() != [value]
    ]
    machine.expect(not wrong, wrong, ", ".join(f"{name} = {SYSCTLS[name]}" for name in map(_name, wrong)))


@TOPIC.check(step="kernel_sysctls")
def kernel_settings_come_back_at_every_boot(machine: Machine) -> None:
    last: dict[str, str] = {}
    for name, value in settings(machine.answers.said("sysctl_files")):
        # A pattern sets what has no value of its own.
        for one in fnmatch.filter(SYSCTLS, name) if "*" in name else [name]:
            if "*" not in name or one not in last:
                last[one] = value
    wrong = [f"{name} = {last.get(name, 'not set')}" for name, value in SYSCTLS.items() if last.get(name) != value]
    machine.expect(not wrong, wrong, ", ".join(f"{name} = {SYSCTLS[name]}" for name in map(_name, wrong)))


def _name(line: str) -> str:
    return line.partition(" = ")[0]


@TOPIC.check(step="selinux")
def selinux_is_as_planned(machine: Machine) -> None:
    if machine.node.selinux != "permissive":
        machine.skip("the plan leaves SELinux alone")
    now = machine.answers.said("selinux")
    at_boot = dict(settings(machine.answers.text("/etc/selinux/config") or "")).get("SELINUX", "")
    machine.expect(now != "Enforcing", f"{now} now")
    machine.expect(at_boot != "enforcing", "enforcing at the next boot")
