"""What must hold on the network of the cluster, looked at from outside."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.lab.network import COORDINATION, SERVERS
from tests.lab.process import wait_until

from .capture import Capture
from .cluster import Cluster
from .inventory import NODES
from .probe import NODE_PORT, POD_MTU, PORT, Probes

PAIRS = list(itertools.permutations(NODES, 2))
EVERY_PAIR = list(itertools.product(NODES, NODES))


def test_the_internal_address_of_every_node_is_its_tailnet_address(cluster: Cluster) -> None:
    internal = {
        node["metadata"]["name"]: address["address"]
        for node in cluster.objects("nodes")
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    }
    assert internal == {name: cluster.tailnet_address(name) for name in NODES}
    assert all(address.startswith("100.") for address in internal.values())


def test_there_is_no_kube_proxy(cluster: Cluster) -> None:
    daemons = {item["metadata"]["name"] for item in cluster.objects("daemonsets", "--all-namespaces")}
    assert "cilium" in daemons
    assert "kube-proxy" not in daemons
    for machine in cluster.machines.values():
        assert "kubelet" in machine.run("ps", "-eo", "comm").out
        assert "kube-proxy" not in machine.run("ps", "-eo", "args").out
        assert "KUBE-SERVICES" not in machine.run("iptables-save").check().out


@pytest.mark.parametrize(("here", "there"), EVERY_PAIR)
def test_a_pod_reaches_a_pod_with_its_own_address(probes: Probes, here: str, there: str) -> None:
    pods = probes.pods()
    answer = probes.fetch(pods[here], f"http://{pods[there].address}:{PORT}/").check().out.split()
    assert answer == [pods[there].name, there, pods[here].address]


@pytest.mark.parametrize("here", NODES)
def test_a_pod_reaches_every_backend_of_a_service(probes: Probes, here: str) -> None:
    pod, seen = probes.pods()[here], set()

    def all_seen() -> bool:
        seen.add(probes.fetch(pod, f"http://{probes.cluster_ip}/").check().out.split()[1])
        return seen == set(NODES)

    wait_until(all_seen, "an answer of every backend", seconds=60, every=0)


@pytest.mark.parametrize("here", NODES)
def test_a_node_reaches_every_backend_of_a_service(probes: Probes, here: str) -> None:
    machine, seen = probes.cluster.machines[here], set()

    def all_seen() -> bool:
        answer = machine.run_as_unit("curl", "-sS", "--max-time", "4", f"http://{probes.cluster_ip}/")
        seen.add(answer.check().out.split()[1])
        return seen == set(NODES)

    wait_until(all_seen, "an answer of every backend", seconds=60, every=0)


@pytest.mark.parametrize(("here", "there"), EVERY_PAIR)
def test_a_node_port_answers_nodes_and_pods(probes: Probes, here: str, there: str) -> None:
    url = f"http://{probes.cluster.tailnet_address(there)}:{NODE_PORT}/"
    probes.fetch(probes.pods()[here], url).check()
    probes.cluster.machines[here].run_as_unit("curl", "-sS", "--max-time", "4", url).check()


@pytest.mark.parametrize("here", NODES)
def test_a_pod_resolves_names_inside_and_outside(probes: Probes, here: str) -> None:
    pod = probes.pods()[here].name
    for name, address in (("kubernetes.default.svc.cluster.local", "10.96.0.1"), ("apt.lab.test", SERVERS)):
        assert address in probes.cluster.in_pod(pod, ["getent", "ahostsv4", name]).check().out


@pytest.mark.parametrize(("here", "there"), PAIRS)
def test_exactly_the_pod_mtu_passes_between_accounts(probes: Probes, here: str, there: str) -> None:
    assert probes.ping(here, there, POD_MTU).code == 0
    larger = probes.ping(here, there, POD_MTU + 1)
    assert larger.code != 0
    assert "too long" in larger.out + larger.err


@pytest.mark.parametrize(("here", "there"), PAIRS)
def test_a_large_transfer_arrives_whole(probes: Probes, here: str, there: str) -> None:
    pods = probes.pods()
    script = f"curl -sS --max-time 60 http://{pods[there].address}:{PORT}/8MiB | wc -c"
    got = probes.cluster.in_pod(pods[here].name, ["sh", "-c", script], timeout=90).check().out
    assert int(got) == 8 << 20


def test_pods_talk_through_the_tailnet_and_nothing_but_wireguard_leaves_an_account(probes: Probes) -> None:
    cluster, pods = probes.cluster, probes.pods()
    account = cluster.machines["w1"].account
    inside = Capture(account.machine, "tailscale0", "udp port 8472")
    # The relay's and STUN's server, which sees WireGuard's packets and addresses only.
    wireguard = f"udp port 41641 or host {COORDINATION} or arp or ip6"
    outside = Capture(account.router, "wan", f"not ({wireguard})")
    vxlan_outside = Capture(account.router, "lan", "udp port 8472")
    with inside, outside, vxlan_outside:
        for _ in range(5):
            probes.fetch(pods["w1"], f"http://{pods['w2'].address}:{PORT}/").check()
            probes.fetch(pods["cp1"], f"http://{pods['w1'].address}:{PORT}/").check()
    assert len(inside.packets) > 20
    assert not vxlan_outside.packets
    assert not outside.packets


@pytest.mark.parametrize("here", NODES)
def test_a_pod_cannot_reach_the_metadata_service_and_its_node_can(probes: Probes, here: str) -> None:
    url, header = "http://169.254.169.254/opc/v2/instance/", ("--header", "Authorization: Bearer Oracle")
    node = probes.cluster.machines[here].run_as_unit("curl", "-sS", "--max-time", "4", *header, url).check()
    assert json.loads(node.out)["displayName"] == here
    refused = probes.fetch(probes.pods()[here], url, *header)
    assert refused.code == 28 or "Connection refused" in refused.err, refused


@pytest.mark.parametrize("here", NODES)
def test_a_pod_cannot_reach_other_machines_of_the_tailnet_and_its_node_can(probes: Probes, here: str) -> None:
    """Nobody has that address, so a node sends it by its default route: what counts is whether it is sent."""
    stranger = "100.64.99.99"
    machine = probes.cluster.machines[here].account.machine
    of_pod, of_node = (Capture(machine, "ens3", f"host {stranger}") for _ in range(2))
    with of_pod:
        assert probes.fetch(probes.pods()[here], f"http://{stranger}/").code != 0
    with of_node:
        probes.cluster.machines[here].run_as_unit("curl", "-sS", "--max-time", "2", f"http://{stranger}/")
    assert (bool(of_pod.packets), bool(of_node.packets)) == (False, True)


@pytest.mark.parametrize("here", NODES)
def test_a_pod_reaches_its_own_nodes_kubelet(probes: Probes, here: str) -> None:
    address = probes.cluster.tailnet_address(here)
    asked = probes.fetch(
        probes.pods()[here], f"https://{address}:10250/healthz", "-k", "-o", "/dev/null", "-w", "%{http_code}"
    )
    # It asks who that is: nobody may ask without a certificate.
    assert asked.out == "401"
