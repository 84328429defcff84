"""The tailnet below the cluster is disturbed: its daemon, its server, its paths, the addresses that it runs on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.lab.faults import wait_says
from tests.lab.machine import Machine
from tests.lab.process import wait_until

from .cluster import Cluster
from .coordination import Headscale
from .healing import healed, heals_within_a_minute
from .inventory import NODES
from .outage import LITTLE, MINUTE, Watch
from .probe import PORT, Probes
from .supplies import Supplies

Note = Callable[[str, object], None]
# How long the coordination server is away: the ten minutes of the promise with --all, else long enough for every
# connection to it to break and to be tried again. Seconds.
TEN_MINUTES, SHORT = 600, 45
MOVED = "203.0.113.211"


@contextmanager
def without(headscale: Headscale) -> Iterator[None]:
    """The coordination server and its relay are gone, then back."""
    headscale.stop()
    try:
        yield
    finally:
        headscale.start()


@contextmanager
def translated(cluster: Cluster, kind: str) -> Iterator[None]:
    """All routers translate addresses in another way."""
    for machine in cluster.machines.values():
        machine.account.translate(kind)
    try:
        yield
    finally:
        for machine in cluster.machines.values():
            machine.account.translate("oci")


def daemon(machine: Machine) -> int:
    """The process of tailscaled, in the machine's own numbers; 0 while there is none."""
    return int(machine.run("systemctl", "show", "--property=MainPID", "--value", "tailscaled").check().out)


def paths(machine: Machine) -> dict[str, str]:
    """The address at which a machine reaches each peer directly now; empty for one behind the relay."""
    peers = json.loads(machine.run("tailscale", "status", "--json").check().out)["Peer"].values()
    return {peer["DNSName"].partition(".")[0]: peer["CurAddr"] for peer in peers}


def all_paths(cluster: Cluster, *, direct: bool) -> bool:
    """Whether all nodes reach each other directly, or none does."""
    found = [path for machine in cluster.machines.values() for path in paths(machine).values()]
    return len(found) == len(NODES) * (len(NODES) - 1) and all(bool(path) == direct for path in found)


@pytest.mark.parametrize("command", ["restart", "kill --signal=KILL"], ids=["restarted", "killed"])
@pytest.mark.parametrize("name", ["cp1", "w1"])
def test_tailscaled_ends_and_comes_back(
    cluster: Cluster, probes: Probes, name: str, command: str, record_property: Note
) -> None:
    machine, others = cluster.machines[name], set(NODES) - {name}
    before = daemon(machine)
    with Watch(cluster.machines.values()) as watch:
        machine.run("systemctl", *command.split(), "tailscaled").check()
        wait_until(lambda: daemon(machine) not in {before, 0}, "another tailscaled", seconds=60)
        heals_within_a_minute(probes, watch)
        record_property("outage", watch.figures(*others))
        assert watch.longest(*others) <= LITTLE


def test_pods_and_nodes_feel_nothing_while_the_coordination_server_is_away(
    cluster: Cluster, probes: Probes, headscale: Headscale, request: pytest.FixtureRequest, record_property: Note
) -> None:
    seconds = TEN_MINUTES if request.config.getoption("--all") else SHORT
    wait_until(lambda: all_paths(cluster, direct=True), "direct paths", seconds=120, every=1)
    with Watch(cluster.machines.values()) as watch:
        with without(headscale):
            time.sleep(seconds)
            healed(probes)
        heals_within_a_minute(probes, watch)
        record_property("outage", f"server away {seconds} s: {watch.figures()}")
        assert watch.longest() <= LITTLE


def test_a_node_that_boots_without_the_coordination_server_says_what_it_waits_for_and_comes_back_with_it(
    cluster: Cluster, probes: Probes, headscale: Headscale, record_property: Note
) -> None:
    machine, others = cluster.machines["w1"], ("cp1", "w2")
    with Watch(cluster.machines.values()) as watch:
        with without(headscale):
            machine.power_off()
            machine.boot()
            wait_says(machine, "answer of tailscaled and its server")
        heals_within_a_minute(probes, watch)
        record_property("outage", watch.figures(*others))
        assert watch.longest(*others) <= LITTLE


@pytest.mark.parametrize("kind", ["symmetric", "tcp-only"])
def test_pods_reach_each_other_where_no_direct_path_can_be_found(
    cluster: Cluster, probes: Probes, kind: str, record_property: Note
) -> None:
    with translated(cluster, kind):
        with Watch(cluster.machines.values()) as watch:
            heals_within_a_minute(probes, watch)
            record_property("outage", watch.figures())
        wait_until(lambda: all_paths(cluster, direct=False), "relayed paths", seconds=120, every=1)
        pods = probes.pods()
        load = f"curl -sSf --max-time 60 http://{pods['w2'].address}:{PORT}/8MiB | wc -c"
        assert int(cluster.in_pod(pods["w1"].name, ["sh", "-c", load], timeout=90).check().out) == 8 << 20
        healed(probes)
    # When tailscaled finds direct paths again is its own affair: after minutes without UDP more than five were seen.
    healed(probes)


def test_a_control_plane_that_comes_back_with_another_public_address_is_found(
    cluster: Cluster, probes: Probes, record_property: Note
) -> None:
    machine, workers = cluster.machines["cp1"], ("w1", "w2")
    address = cluster.tailnet_address("cp1")
    with Watch(cluster.machines.values()) as watch:
        machine.kill()
        machine.account.move(MOVED)
        # Long enough for its node to be called NotReady, and its pods unreachable.
        time.sleep(SHORT)
        machine.boot()
        heals_within_a_minute(probes, watch)
        record_property("outage", watch.figures(*workers))
        assert watch.longest(*workers) <= LITTLE
    assert cluster.tailnet_address("cp1") == address

    def is_found() -> bool:
        return all(paths(cluster.machines[name])["cp1"].startswith(f"{MOVED}:") for name in workers)

    wait_until(is_found, "the workers at the new address", seconds=120, every=1)


MANY = 50


def crowd(image: str) -> str:
    """Pods that do nothing, on every node."""
    pod = {
        "metadata": {"labels": {"app": "crowd"}},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "one", "image": image, "command": ["sleep", "3600"]}],
        },
    }
    spec = {"replicas": MANY, "selector": {"matchLabels": {"app": "crowd"}}, "template": pod}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "crowd"}, "spec": spec})


def rebinds(machine: Machine, since: float) -> int:
    """How often tailscaled has made its sockets anew since then, as its log tells."""
    log = machine.bash(f"journalctl --unit tailscaled --since @{int(since)} --output cat | grep -ci rebind || true").out
    return int(log)


def test_pods_that_come_and_go_disturb_nobody(
    cluster: Cluster, probes: Probes, supplies: Supplies, record_property: Note
) -> None:
    """Each new pod is a new interface, at which tailscaled looks again: tailscale issue 17583."""
    began = time.time()
    with Watch(cluster.machines.values()) as watch:
        cluster.apply(crowd(supplies.probe_image))
        cluster.kubectl("rollout", "status", "deployment/crowd", "--timeout=600s", timeout=630).check()
        cluster.kubectl("delete", "deployment/crowd", "--cascade=foreground", timeout=300).check()
        heals_within_a_minute(probes, watch)
        found = {name: rebinds(machine, began) for name, machine in cluster.machines.items()}
        told = ", ".join(f"{name} {count}" for name, count in found.items())
        record_property("outage", f"{MANY} pods made and deleted, rebinds of tailscaled: {told}; {watch.figures()}")
        # So many pods at once take both CPUs of this machine, and the probes wait for seconds: silence is no sign.
        assert found == dict.fromkeys(found, 0)
        assert watch.longest() <= MINUTE
    assert all_paths(cluster, direct=True)
