"""A machine as Oracle's Ubuntu image and console make it: what was there before stays, and the node works with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shell.firewall_rules import RULES_V4

from .dress import ISCSI, ISCSI_PORT, RULES, SSH_KEY, attach_late, launch_dressed, reboot, rest, volume
from .lab import Lab
from .machine import Machine
from .network import LINK_LOCAL
from .node import LAST_STEP, status
from .vendors import Sources

MOMENTS = ("after the run", "after a reboot")

# Two pods and two strangers, each a namespace behind a cable of its own; the machine routes between them. A pod's cable
# is named as Cilium names it; the last stranger sends from a pod's address.
NEIGHBOURS = {
    "pod1": "10.244.1.11",
    "pod2": "10.244.1.12",
    "other1": "192.0.2.11",
    "other2": "192.0.2.12",
    "spoof": "10.244.9.9",
}
CABLES = {name: f"lxc-{name}" if name.startswith("pod") else f"to-{name}" for name in NEIGHBOURS}
_PLUG = """
ip netns add {name}
ip link add {cable} type veth peer name eth0 netns {name}
ip link set {cable} up
echo 1 >/proc/sys/net/ipv4/conf/{cable}/proxy_arp
ip -n {name} link set eth0 up
ip -n {name} address add {address}/32 dev eth0
ip -n {name} route add default dev eth0
ip route add {address}/32 dev {cable}
"""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with volume(tmp_path_factory.mktemp("volume") / "image") as node:
        yield node


# The device comes before the lab, so that it goes after the machine that holds it.
@pytest.fixture(scope="module")
def launched(device: str, shared_lab: Lab, sources: Sources) -> Machine:
    machine = launch_dressed(shared_lab, sources, device)
    machine.run("cloud-init", "status", "--wait")
    return machine


@pytest.fixture(scope="module", params=MOMENTS)
def machine(launched: Machine, request: pytest.FixtureRequest) -> Machine:
    if request.param == MOMENTS[1]:
        attach_late(launched)
        reboot(launched)
        launched.run("cloud-init", "status", "--wait")
    rest(launched)
    return launched


@pytest.fixture
def neighbours(machine: Machine) -> Iterator[None]:
    try:
        for name, address in NEIGHBOURS.items():
            machine.bash("set -e\n" + _PLUG.format(name=name, address=address, cable=CABLES[name])).check()
        yield
    finally:
        for name in NEIGHBOURS:
            machine.run("ip", "netns", "del", name)
            machine.run("ip", "link", "del", CABLES[name])


def connects(machine: Machine, user: str, address: str, port: int) -> bool:
    """Whether a connection comes about; a refusal is a quick no."""
    return machine.run("sudo", "-u", user, "timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}").code == 0


def pings(machine: Machine, source: str, target: str) -> bool:
    return machine.run("ip", "netns", "exec", source, "ping", "-c", "1", "-W", "2", NEIGHBOURS[target]).code == 0


def test_every_step_held_at_the_boot_without_a_change(machine: Machine, request: pytest.FixtureRequest) -> None:
    steps = status(machine)["steps"]
    names = [step["name"] for step in steps]
    states = {step["state"] for step in steps[: names.index(LAST_STEP) + 1]}
    assert states == ({"ok"} if MOMENTS[1] in request.node.name else {"ok", "changed"})


def test_the_hostname_is_the_nodes_though_the_console_named_the_instance_otherwise(machine: Machine) -> None:
    assert machine.run("cloud-init", "query", "v1.local_hostname").out.strip() == "instance-w1"
    assert machine.run("hostname").out == "w1\n"
    assert machine.run("hostnamectl", "hostname").out == "w1\n"


def test_the_login_user_is_cloud_inits_own_and_keeps_its_key(machine: Machine) -> None:
    assert machine.read("/home/ubuntu/.ssh/authorized_keys").splitlines() == [SSH_KEY]
    people = [line.split(":")[0] for line in machine.read("/etc/passwd").splitlines() if "/home/" in line.split(":")[5]]
    assert people == ["ubuntu"]
    assert "ubuntu" in machine.run("id", "--name", "--groups", "ubuntu").out.split()


def test_the_login_user_can_read_the_status_and_none_of_the_secrets(machine: Machine) -> None:
    assert machine.run("sudo", "-u", "ubuntu", "cat", "/var/lib/meshstrap/status.json").code == 0
    assert machine.run("sudo", "-u", "ubuntu", "ls", "/etc/meshstrap/secrets").code != 0


def test_cloud_inits_own_apt_settings_and_packages_stand_beside_ours(machine: Machine) -> None:
    assert "http://apt.lab.test/tree-trixie-" in machine.read("/etc/apt/sources.list")
    assert machine.run("apt-get", "--quiet", "update", "--error-on=any").code == 0
    assert "install ok installed" in machine.run("dpkg-query", "--show", "--showformat=${Status}", "socat").out


def test_the_nic_keeps_its_mtu_of_9000(machine: Machine) -> None:
    assert machine.read("/sys/class/net/ens3/mtu") == "9000\n"


def test_names_are_resolved_by_systemd_resolved_through_the_clouds_resolver(machine: Machine) -> None:
    assert machine.run("readlink", "/etc/resolv.conf").out.strip().endswith("/run/systemd/resolve/stub-resolv.conf")
    assert LINK_LOCAL in machine.run("resolvectl", "dns", "ens3").out
    assert machine.run("resolvectl", "query", "--cache=no", "apt.lab.test").code == 0


@pytest.mark.parametrize("user", ["root", "ubuntu"])
def test_the_metadata_service_answers_everyone_as_before(machine: Machine, user: str) -> None:
    asked = ["curl", "--silent", "--fail", "--max-time", "5", "--header", "Authorization: Bearer Oracle"]
    answer = machine.run("sudo", "-u", user, *asked, f"http://{LINK_LOCAL}/opc/v2/instance/hostname")
    assert (answer.code, answer.out) == (0, "instance-w1")


def test_the_boot_volumes_iscsi_target_answers_root_alone_as_before(machine: Machine) -> None:
    assert connects(machine, "root", ISCSI, ISCSI_PORT)
    assert not connects(machine, "ubuntu", ISCSI, ISCSI_PORT)


def test_the_rules_are_loaded_at_boot_by_netfilter_persistent(machine: Machine) -> None:
    shown = machine.run("systemctl", "show", "--property=ActiveState,UnitFileState,Result", "netfilter-persistent").out
    assert {"ActiveState=active", "UnitFileState=enabled", "Result=success"} == set(shown.split())


def test_the_images_rules_are_all_there_in_their_order(machine: Machine) -> None:
    ours = [line for line in machine.read(RULES).splitlines() if line not in RULES_V4.splitlines()]
    assert [line for line in machine.read(RULES).splitlines() if line not in ours] == RULES_V4.splitlines()
    assert len(ours) == 8
    saved = machine.run("iptables-save", "-t", "filter").check().out
    assert saved.count("-A InstanceServices ") == RULES_V4.count("-A InstanceServices ")


def test_pods_reach_each_other_past_the_images_reject_and_strangers_do_not(machine: Machine, neighbours: None) -> None:
    assert pings(machine, "pod1", "pod2")
    assert not pings(machine, "other1", "other2")


def test_a_pod_reaches_the_node_and_a_stranger_is_still_refused(machine: Machine, neighbours: None) -> None:
    ask = "exec 3<>/dev/tcp/10.0.0.11/9"
    from_pod = machine.run("ip", "netns", "exec", "pod1", "timeout", "5", "bash", "-c", ask)
    assert "Connection refused" in from_pod.err, "nothing listens there, and the node itself says so"
    for stranger in ("other1", "spoof"):
        refused = machine.run("ip", "netns", "exec", stranger, "timeout", "5", "bash", "-c", ask)
        assert "No route to host" in refused.err, "the image's REJECT with icmp-host-prohibited"


def test_a_port_that_only_the_mesh_needs_answers_a_pod_and_nobody_else(machine: Machine, neighbours: None) -> None:
    ask = "exec 3<>/dev/tcp/10.0.0.11/10250"
    from_pod = machine.run("ip", "netns", "exec", "pod1", "timeout", "5", "bash", "-c", ask)
    assert "Connection refused" in from_pod.err, "nothing listens there yet, and the node itself says so"
    for stranger in ("other1", "spoof"):
        asked = machine.run("ip", "netns", "exec", stranger, "timeout", "5", "bash", "-c", ask)
        assert asked.code == 124, f"the table of mesh_guards drops it before anybody refuses: {asked}"


def test_the_volume_of_the_console_is_the_one_that_is_used(machine: Machine, device: str) -> None:
    assert machine.run("readlink", "/dev/oracleoci/oraclevdb").out.strip() == device
    assert machine.run("blkid", "--probe", "--match-tag", "LABEL", "--output", "value", device).out == "meshstrap\n"
    assert machine.run("findmnt", "--noheadings", "--output", "SOURCE", "/var/lib/meshstrap-data").out.strip() == device


def test_the_volume_is_mounted_once_even_when_the_boot_is_late_with_it(machine: Machine) -> None:
    for path in ("/var/lib/meshstrap-data", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"):
        mounts = machine.run("findmnt", "--noheadings", "--output", "TARGET", "--mountpoint", path).out.splitlines()
        assert len(mounts) == 1, path
