"""What each step leaves behind, asked of the machine; then again after a boot that our script had no part in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .dress import erase, launch_dressed, rest, volume
from .lab import Lab
from .machine import Machine
from .node import LAB_MACHINE, SCRIPT, SYSTEMS, check_steps, lab_inventory, render
from .vendors import CONTAINERD, KUBERNETES, TAILSCALE, Sources

VERSIONS = {
    "kubelet": f"{KUBERNETES}-1.1",
    "kubeadm": f"{KUBERNETES}-1.1",
    "kubectl": f"{KUBERNETES}-1.1",
    "containerd.io": f"{CONTAINERD}-1~lab",
    "tailscale": TAILSCALE,
}
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "1048576",
}
MOMENTS = ("after the run", "after a boot without it")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with volume(tmp_path_factory.mktemp("volume") / "image") as node:
        yield node


# The device comes before the lab, so that it goes after the machine that holds it.
@pytest.fixture(
    scope="module", params=[(suite, moment) for suite in ("trixie", "bookworm") for moment in MOMENTS], ids="-".join
)
def machine(device: str, shared_lab: Lab, sources: Sources, request: pytest.FixtureRequest) -> Machine:
    suite, moment = request.param
    for machine in shared_lab.machines:
        if machine.suite == suite:
            break
        shared_lab.discard(machine)
        erase(device)
    else:
        machine = launch_dressed(shared_lab, sources, device, suite=suite)
        rest(machine)
    if moment != MOMENTS[0]:
        machine.run("systemctl", "disable", "meshstrap").check()
        machine.power_off()
        machine.boot()
        machine.run("systemctl", "is-system-running", "--wait")
    return machine


@pytest.fixture
def suite(machine: Machine) -> str:
    return machine.suite


def lines(machine: Machine, *argv: str) -> list[str]:
    return machine.run(*argv).check().out.splitlines()


def shows(machine: Machine, unit: str, name: str) -> str:
    return machine.run("systemctl", "show", "--value", f"--property={name}", unit).check().out.strip()


def test_machine_supported_the_machine_is_what_the_plan_counts_on(machine: Machine, suite: str) -> None:
    release = dict(line.split("=", 1) for line in machine.read("/etc/os-release").splitlines() if "=" in line)
    assert f"{release['ID']}-{release['VERSION_ID'].strip(chr(34))}" == SYSTEMS[suite]
    assert lines(machine, "stat", "-f", "-c", "%T", "/sys/fs/cgroup") == ["cgroup2fs"]
    assert lines(machine, "uname", "-m") == ["x86_64"]


def test_machine_supported_refuses_another_system_and_touches_nothing(
    machine: Machine, sources: Sources, suite: str
) -> None:
    other = lab_inventory(sources, suite).replace(f"role: worker, {LAB_MACHINE}, os: {SYSTEMS[suite]}", "role: worker")
    machine.write("/run/other.sh", render(other).script)
    before = machine.read("/var/lib/meshstrap/status.json")
    refused = machine.run("bash", "/run/other.sh", "--only", "machine_supported")
    assert refused.code == 1
    assert f"os: {SYSTEMS[suite]}, not ubuntu-24.04" in refused.err
    assert "arch: amd64, not arm64" in refused.err
    assert "what to do: correct the machine or cluster.yaml" in refused.err
    assert machine.read("/var/lib/meshstrap/status.json") == before


def test_hostname_is_the_nodes_name_and_resolves_without_dns(machine: Machine) -> None:
    assert lines(machine, "hostname") == ["w1"]
    assert machine.read("/etc/hostname") == "w1\n"
    assert lines(machine, "getent", "--service=files", "ahostsv4", "w1")[0].split()[0] == "127.0.1.1"


def test_swap_off_nothing_swaps_and_nothing_will(machine: Machine) -> None:
    assert len(machine.read("/proc/swaps").splitlines()) == 1
    assert (
        lines(machine, "systemctl", "list-units", "--all", "--plain", "--no-legend", "--type=swap", "--state=active")
        == []
    )
    assert shows(machine, "dev-zram9.swap", "LoadState") == "masked"


def test_swap_off_leaves_every_other_line_of_fstab(machine: Machine) -> None:
    fstab = machine.read("/etc/fstab").splitlines()
    assert fstab[0] == "# swap was here once"
    assert fstab[1].startswith("# ")
    assert fstab[1].endswith(": /swapfile none swap sw 0 0")
    assert fstab[2] == "tmpfs /srv/scratch tmpfs nofail,size=1m 0 0"


def test_kernel_modules_are_there_now_and_at_every_boot(machine: Machine) -> None:
    assert "\toverlay\n" in machine.read("/proc/filesystems")
    assert machine.read("/etc/modules-load.d/meshstrap.conf").split() == ["overlay"]
    assert shows(machine, "systemd-modules-load.service", "Result") == "success"


def test_kernel_sysctls_run_with_the_planned_values(machine: Machine) -> None:
    assert {name: lines(machine, "sysctl", "-n", name)[0] for name in SYSCTLS} == SYSCTLS


def test_block_volume_carries_containers_kubelet_and_logs(machine: Machine, device: str) -> None:
    for path in ("/var/lib/meshstrap-data", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"):
        mounted = lines(machine, "findmnt", "--noheadings", "--raw", "--output", "SOURCE,FSTYPE", "--mountpoint", path)
        assert [line.split("[")[0].split()[0] for line in mounted] == [device], f"{path} is mounted once"
    assert (
        machine.run("test", "-s", "/var/lib/meshstrap-data/containerd/io.containerd.metadata.v1.bolt/meta.db").code == 0
    )
    assert "/var/lib/containerd" in shows(machine, "containerd", "RequiresMountsFor")


def test_block_volume_is_named_by_its_uuid_and_does_not_stop_a_boot(machine: Machine, device: str) -> None:
    uuid = lines(machine, "blkid", "--probe", "--match-tag", "UUID", "--output", "value", device)[0]
    (line,) = [line for line in machine.read("/etc/fstab").splitlines() if " /var/lib/meshstrap-data ext4 " in line]
    assert line.startswith(f"UUID={uuid} ")
    assert "nofail" in line.split()[3].split(",")


def test_host_firewall_lets_tailnet_and_pods_through_and_keeps_the_images_rules(machine: Machine) -> None:
    for rules in (lines(machine, "iptables-save", "-t", "filter"), machine.read("/etc/iptables/rules.v4").splitlines()):
        for chain, reject in (("INPUT", "-A INPUT -j REJECT"), ("FORWARD", "-A FORWARD -j REJECT")):
            chained = [rule for rule in rules if rule.startswith(f"-A {chain} ")]
            end = next(number for number, rule in enumerate(chained) if rule.startswith(reject))
            wanted = {
                "INPUT": ["-i tailscale0", "--dport 41641", "-i lxc+", "-i cilium_+"],
                "FORWARD": ["-i lxc+", "-o lxc+", "-i cilium_+", "-o cilium_+"],
            }
            for word in wanted[chain]:
                assert sum(word in rule for rule in chained[:end]) == 1, f"{word} once, before the {chain} REJECT"
        assert len([rule for rule in rules if rule.startswith("-A InstanceServices ")]) == 15
        assert "-A OUTPUT -d 169.254.0.0/16 -j InstanceServices" in rules


def test_package_sources_are_each_bound_to_their_own_key(machine: Machine, sources: Sources) -> None:
    for name in ("kubernetes", "containerd", "tailscale"):
        key = f"/etc/apt/keyrings/meshstrap-{name}.asc"
        assert f"Signed-By: {key}\n" in machine.read(f"/etc/apt/sources.list.d/meshstrap-{name}.sources")
        shown = machine.run("gpg", "--show-keys", "--with-colons", key).check().out
        assert [row.split(":")[9] for row in shown.splitlines() if row.startswith("fpr")] == [sources.fingerprint]
        assert lines(machine, "stat", "-c", "%a %U", key) == ["644 root"]


def test_packages_are_at_the_planned_versions_and_held(machine: Machine) -> None:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${Version} ${Status}\\n", *VERSIONS]
    assert sorted(lines(machine, *query)) == sorted(
        f"{name} {version} hold ok installed" for name, version in VERSIONS.items()
    )
    assert lines(machine, "apt-mark", "showhold") == sorted([*VERSIONS, "cri-tools", "kubernetes-cni"])


def test_containerd_runs_with_our_configuration(machine: Machine) -> None:
    assert shows(machine, "containerd", "UnitFileState") == "enabled"
    runtime = json.loads(machine.run("crictl", "info").check().out)["config"]["containerd"]["runtimes"]["runc"]
    assert runtime["options"]["SystemdCgroup"] is True
    effective = {line.strip() for line in lines(machine, "containerd", "config", "dump")}
    ours = {"sandbox = 'registry.k8s.io/pause:3.10.2'", "config_path = '/etc/containerd/certs.d'"}
    # Ours rests on them, and leaves them to containerd.
    its = {"bin_dirs = ['/opt/cni/bin']", "conf_dir = '/etc/cni/net.d'", "runtime_type = 'io.containerd.runc.v2'"}
    assert ours | its <= effective
    assert "registry.k8s.io/pause" not in machine.journal("-u", "containerd", "-p", "err")


def test_mesh_guards_rule_comes_before_tailscales_own(machine: Machine) -> None:
    rules = [line.split(":", 1) for line in lines(machine, "ip", "-4", "rule")]
    numbers = [int(number) for number, _ in rules]
    assert numbers[1:3] == [5207, 5210], "tailscaled is running, and our rule is the first after the local table's"
    assert rules[1][1].split() == ["from", "all", "to", "100.64.0.0/10", "lookup", "52"]


def test_mesh_guards_keep_tailscaled_from_pod_addresses(machine: Machine) -> None:
    ping = "ping -c 1 -W 1 10.244.0.9 >/dev/null && echo yes || echo no"
    group = "/sys/fs/cgroup/system.slice/tailscaled.service/cgroup.procs"
    machine.run("ip", "address", "add", "10.244.0.9/32", "dev", "lo").check()
    try:
        assert machine.bash(ping).out == "yes\n"
        assert machine.bash(f"echo $$ >{group}; {ping}").out == "no\n"
    finally:
        machine.run("ip", "address", "del", "10.244.0.9/32", "dev", "lo").check()


def test_the_script_sees_it_the_same_way(machine: Machine) -> None:
    assert {line.split()[1] for line in check_steps(machine)} == {"ok"}
    assert machine.run("bash", SCRIPT, "--list").out.split()[: len(check_steps(machine))][-1] == "mesh_guards"
