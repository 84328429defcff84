"""Traps of the tailnet: booting before it is there, being logged out of it, and a status that is green all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.machine import Machine
from tests.lab.network import COORDINATION
from tests.lab.node import bootstrap, status
from tests.lab.process import run, wait_until

from .cluster import Cluster
from .probe import Probes
from .test_traps_endpoints import find_paths_anew

ORDERING = "/etc/systemd/system/kubelet.service.d/20-meshstrap.conf"
LATE = "/etc/systemd/system/tailscaled.service.d/99-late.conf"
NO_ADDRESS = "not found in the host's network interfaces"


@pytest.fixture
def late(probes: Probes) -> Iterator[Machine]:
    """w2, whose tailscaled takes 20 seconds to start; booted by the test."""
    machine = probes.cluster.machines["w2"]
    machine.write(LATE, "[Service]\nExecStartPre=/bin/sleep 20\n")
    yield machine
    machine.run("rm", LATE).check()
    machine.run("systemctl", "daemon-reload").check()
    probes.wait_born_since_boot("w2")


def boot_again(machine: Machine) -> None:
    """Cut the power and wait until the kubelet runs."""
    machine.kill()
    machine.boot()
    wait_until(
        lambda: machine.run("systemctl", "is-active", "kubelet").out.strip() == "active", "the kubelet", seconds=180
    )


def kubelet_says(machine: Machine) -> str:
    """The kubelet's journal of this boot."""
    return machine.journal("--boot", "--unit", "kubelet")


def test_a_kubelet_that_does_not_wait_starts_without_its_address(late: Machine) -> None:
    late.bash(f"mv {ORDERING} {ORDERING}.off").check()
    boot_again(late)
    wait_until(lambda: NO_ADDRESS in kubelet_says(late), "the kubelet misses its address", seconds=60)
    late.bash(f"mv {ORDERING}.off {ORDERING}; systemctl daemon-reload").check()


def test_the_kubelet_waits_for_the_tailnet(late: Machine) -> None:
    boot_again(late)
    assert "Starting to listen" in kubelet_says(late) or late.run("systemctl", "is-active", "kubelet").code == 0
    assert NO_ADDRESS not in kubelet_says(late)


def test_a_node_that_was_logged_out_says_what_to_do_and_comes_back_with_its_address(probes: Probes) -> None:
    cluster, machine = probes.cluster, probes.cluster.machines["w2"]
    address = cluster.tailnet_address("w2")
    machine.run("tailscale", "logout").check()
    # Headscale does not take such a node back, whatever the key: our words say what else it takes.
    key, flags = cluster.headscale.mint_key(), ("--login-server=https://headscale.lab.test", "--timeout=20s")
    machine.run("tailscale", "up", "--reset", *flags, f"--auth-key={key}", "--hostname=w2", timeout=60)
    assert machine.run("tailscale", "status").code != 0
    bootstrap(machine)
    said = status(machine)
    assert said["state"] == "waiting"
    assert said["step"] == "tailnet"
    assert "is expired or logged out" in said["message"]
    assert "headscale nodes expire --disable" in said["next"]
    cluster.headscale.revive("w2")
    machine.write("/etc/meshstrap/secrets/auth_key", cluster.headscale.mint_key(), 0o600)
    bootstrap(machine, timeout=600).check()
    assert cluster.tailnet_address("w2") == address
    probes.wait_ready()


@pytest.fixture
def no_relay(cluster: Cluster) -> Iterator[Machine]:
    """w1 behind a NAT that allows no direct path, and without a way to the relay."""
    for machine in cluster.machines.values():
        machine.account.translate("symmetric")
    router = cluster.machines["w1"].account.router
    rule = ("filter", "through", "ip", "daddr", COORDINATION, "tcp", "dport", "443", "drop")
    run(["ip", "netns", "exec", router, "nft", "insert", "rule", "ip", *rule]).check()
    for machine in cluster.machines.values():
        machine.run("tailscale", "debug", "rebind").check()
    yield cluster.machines["w1"]
    for machine in cluster.machines.values():
        machine.account.translate("oci")
    find_paths_anew(cluster)


def test_a_green_status_without_a_working_relay_does_not_fool_the_node(cluster: Cluster, no_relay: Machine) -> None:
    reach = ("ping", "-c", "2", "-W", "2", cluster.tailnet_address("cp1"))
    wait_until(lambda: no_relay.run(*reach).code != 0, "no way to the control plane", seconds=60)
    assert no_relay.run("tailscale", "status").code == 0
    assert '"BackendState": "Running"' in no_relay.run("tailscale", "status", "--json").out
    # The node asks the API itself, and so learns the truth.
    checked = bootstrap(no_relay, "--check")
    assert checked.code == 1
    assert "drift   node_ready" in checked.err
