"""Topic machine: is it there, is it one of ours, and is it what the plan counts on."""

from __future__ import annotations

import fnmatch
import re

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.fleet.reach import hint
from meshstrap.plan.hosts.names import MINIMUM_KERNEL, SYSCTLS, broken_kernels
from meshstrap.plan.machines import DNF, KERNEL_MODULES
from tests.hosts.arrival import ANSWERS, KNOWN_NODE, Arrival
from tests.hosts.reading import fields, settings

CORRECT = "correct the machine or cluster.yaml; what you know better, waive by name in cluster.waive_machine"


@check(
    ANSWERS,
    step="",
    symptom="ssh to the machine fails or hangs",
    fix="is it on, does its security list let SSH in, is the key yours? ssh -v shows more",
)
def test_the_machine_answers(arrival: Arrival) -> None:
    if arrival.answers is None:
        arrival.differs(ANSWERS, f"{arrival.silence} ({hint(arrival.silence)})")


@check(
    KNOWN_NODE,
    step="",
    symptom="a machine is held against nothing, or against another node's plan",
    fix="name the host like its node in your SSH config, or add the node to cluster.yaml",
)
def test_the_machine_is_a_node_of_the_plan(arrival: Arrival) -> None:
    if arrival.node is None:
        arrival.differs(KNOWN_NODE, f"the host {arrival.host}, which calls itself {arrival.reported}")


@check(
    "os",
    step="machine_supported",
    waiver="os",
    symptom="packages are not found, or are those of another release",
    fix=CORRECT,
)
def test_the_system_is_the_planned_one(machine: Machine) -> None:
    release = dict(
        line.split("=", 1) for line in machine.answers.needed_text("/etc/os-release").splitlines() if "=" in line
    )
    name, version = (release.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    # Oracle Linux calls itself ol and counts minor releases: 9.6.
    found = f"oracle-{version.partition('.')[0]}" if name == "ol" else f"{name}-{version}"
    machine.expect(found == machine.node.os, found)


@check("arch", step="machine_supported", waiver="arch", symptom="programs end with `Exec format error`", fix=CORRECT)
def test_the_processor_is_the_planned_one(machine: Machine) -> None:
    found = machine.answers.said("kernel").split()[-1]
    names = {"aarch64": "arm64", "x86_64": "amd64"}
    machine.expect(names.get(found, found) == machine.node.arch, found)


@check(
    "kernel",
    step="machine_supported",
    waiver="kernel",
    symptom="Cilium's agent restarts again and again, and the node stays NotReady",
    fix="boot the image's own newest kernel: `sudo apt-get upgrade` or `sudo dnf upgrade`, then reboot",
)
def test_the_kernel_runs_cilium(machine: Machine) -> None:
    release = machine.answers.said("kernel").split()[0]
    number = re.match(r"(\d+)\.(\d+)", release)
    if number is None:
        raise CannotTell(f"the kernel calls itself {release}")
    found = int(number.group(1)), int(number.group(2))
    machine.expect(found >= MINIMUM_KERNEL and found not in broken_kernels(machine.plan.versions), release)


@check(
    "cgroup",
    step="machine_supported",
    waiver="cgroup",
    symptom="the kubelet ends at once: cgroup v1 is not supported",
    fix="take a newer image; for now the kernel argument systemd.unified_cgroup_hierarchy=1 may do",
)
def test_cgroups_are_version_two(machine: Machine) -> None:
    found = machine.answers.said("cgroup")
    machine.expect(found == "cgroup2fs", found)


@check("cpus", step="machine_supported", waiver="cpus", symptom="kubeadm refuses the machine: NumCPU", fix=CORRECT)
def test_the_cpus_suffice(machine: Machine) -> None:
    found = int(machine.answers.said("cpus"))
    machine.expect(found >= machine.node.minimum_cpus, found)


@check(
    "memory", step="machine_supported", waiver="memory", symptom="processes are killed for want of memory", fix=CORRECT
)
def test_the_memory_suffices(machine: Machine) -> None:
    total = re.search(r"^MemTotal:\s+(\d+) kB", machine.answers.needed_text("/proc/meminfo"), re.MULTILINE)
    if total is None:
        raise CannotTell("/proc/meminfo has no MemTotal")
    found = int(total.group(1)) // 1024
    machine.expect(found >= machine.node.minimum_memory_mib, f"{found} MiB")


@check(
    "clock",
    step="machine_supported",
    waiver="clock",
    symptom="joins and logins fail with certificates that are not valid yet, or expired",
    fix="timedatectl; chronyc sources; the cloud's own time server is 169.254.169.254",
)
def test_the_clock_is_synchronised(machine: Machine) -> None:
    machine.expect(machine.answers.said("clock") == "yes", "not synchronised")


@check("hostname", step="hostname", symptom="the node appears under another name, or twice")
def test_the_hostname_is_the_nodes_name(machine: Machine) -> None:
    found = machine.answers.said("hostname")
    machine.expect(found == machine.node.name, found)


@check("hostname_kept", step="hostname", symptom="after a reboot the node is gone, and another one has come")
def test_the_hostname_is_kept(machine: Machine) -> None:
    at_boot = (machine.answers.text("/etc/hostname") or "").strip()
    machine.expect(at_boot == machine.node.name, f"/etc/hostname says {at_boot or 'nothing'}")
    oracle = machine.answers.text("/etc/oci-hostname.conf")
    if machine.node.family == DNF and oracle is not None:
        kept = dict(settings(oracle)).get("PRESERVE_HOSTINFO", "")
        machine.expect(kept == "2", f"/etc/oci-hostname.conf has PRESERVE_HOSTINFO={kept}, not 2")


@check("hostname_resolves", step="hostname", symptom="sudo and kubeadm complain that they cannot resolve the host")
def test_the_hostname_resolves_without_dns(machine: Machine) -> None:
    lines = fields(machine.answers.needed_text("/etc/hosts"))
    machine.expect(any(machine.node.name in words[1:] for words in lines), "no line of /etc/hosts")


@check("swap", step="swap_off", symptom="the kubelet ends at once: running with swap on is not supported")
def test_no_swap_is_in_use(machine: Machine) -> None:
    lines = machine.answers.needed_text("/proc/swaps").splitlines()[1:]
    machine.expect(not lines, [line.split()[0] for line in lines])


@check("swap_at_boot", step="swap_off", symptom="after a reboot the kubelet does not start: swap is on")
def test_no_swap_comes_back_at_boot(machine: Machine) -> None:
    listed = [line.split() for line in machine.answers.lines("swap_units")]
    if not listed:
        raise CannotTell("systemd lists no units at all")
    entries = [words[0] for words in fields(machine.answers.text("/etc/fstab") or "") if words[2:3] == ["swap"]]
    live = [name for name, state, *_ in listed if name.endswith(".swap") and not state.startswith("masked")]
    machine.expect(not entries + live, [f"fstab: {name}" for name in entries] + live)


@check("modules", step="kernel_modules", symptom="containers do not start, or kubeadm's preflight names br_netfilter")
def test_kernel_modules_are_loaded(machine: Machine) -> None:
    said = machine.answers.lines("modules")
    missing = [
        name
        for name in KERNEL_MODULES
        if not machine.answers.modes(f"/sys/module/{name}") and f"builtin {name}" not in said
    ]
    machine.expect(not missing, f"not loaded: {', '.join(missing)}")


@check("modules_at_boot", step="kernel_modules", symptom="after a reboot containers do not start")
def test_kernel_modules_are_loaded_at_every_boot(machine: Machine) -> None:
    files = machine.answers.texts("/etc/modules", "*/modules-load.d/*.conf")
    named = {words[0] for text in files.values() for words in fields(text)}
    missing = [name for name in KERNEL_MODULES if name not in named]
    machine.expect(not missing, f"in no file: {', '.join(missing)}")


@check(
    "sysctls", step="kernel_sysctls", symptom="pods reach nothing outside of their node, or their probes fail for ever"
)
def test_kernel_settings_are_in_force(machine: Machine) -> None:
    paths = {name: f"/proc/sys/{name.replace('.', '/')}" for name in SYSCTLS}
    running = {name: machine.answers.text(path) for name, path in paths.items()}
    wrong = [
        f"{name} = {(running[name] or 'unknown').strip()}"
        for name, value in SYSCTLS.items()
        if (running[name] or "").split() != [value]
    ]
    machine.expect(not wrong, wrong, ", ".join(f"{name} = {SYSCTLS[name]}" for name in map(_name, wrong)))


@check("sysctls_at_boot", step="kernel_sysctls", symptom="after a reboot pods reach nothing outside of their node")
def test_kernel_settings_come_back_at_every_boot(machine: Machine) -> None:
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


@check("selinux", step="selinux", symptom="containers are refused files and sockets; `ausearch -m avc` shows it")
def test_selinux_is_as_planned(machine: Machine) -> None:
    if machine.node.selinux != "permissive":
        pytest.skip("the plan leaves SELinux alone")
    now = machine.answers.said("selinux")
    at_boot = dict(settings(machine.answers.text("/etc/selinux/config") or "")).get("SELINUX", "")
    machine.expect(now != "Enforcing", f"{now} now")
    machine.expect(at_boot != "enforcing", "enforcing at the next boot")
