"""Trap: Cilium keeps a pod's identity in the mark of its packets, in the bits that Tailscale's rule 5210 looks at."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.process import wait_until

from .capture import Capture
from .guards import without_mesh_rule
from .probe import PORT, Pod, Probes

# Its low byte, 0x08, is where Tailscale's mark 0x80000 is in a packet's mark: one identity in 256 has it.
IDENTITY = 0x0808
NAME = "unlucky"


@pytest.fixture(scope="module")
def unlucky(probes: Probes) -> Iterator[Pod]:
    """A pod on w1 whose identity Tailscale takes for its own packets."""
    cluster = probes.cluster
    (like,) = cluster.objects("ciliumendpoint", probes.pods()["w1"].name)
    (known,) = cluster.objects("ciliumidentity", str(like["status"]["identity"]["id"]))
    labels = {**known["security-labels"], "k8s:app": NAME}
    identity = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumIdentity",
        # The agent takes an identity that has exactly a pod's labels instead of making one.
        "metadata": {"name": str(IDENTITY), "labels": known["metadata"].get("labels", {})},
        "security-labels": labels,
    }
    (pattern,) = cluster.objects("pods", probes.pods()["w1"].name)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "labels": {"app": NAME}},
        "spec": {
            "nodeName": "w1",
            "terminationGracePeriodSeconds": 0,
            "containers": [{key: pattern["spec"]["containers"][0][key] for key in ("name", "image", "command", "env")}],
        },
    }
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": [identity, pod]}))
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=90s").check()
    (endpoint,) = cluster.objects("ciliumendpoint", NAME)
    assert endpoint["status"]["identity"]["id"] == IDENTITY
    (started,) = cluster.objects("pods", NAME)
    yield Pod(NAME, "w1", started["status"]["podIP"])
    cluster.kubectl("delete", "pod", NAME, "--wait=false").check()
    cluster.kubectl("delete", "ciliumidentity", str(IDENTITY), "--ignore-not-found")


def test_a_pod_whose_identity_looks_like_tailscales_mark_is_reached_and_reaches(probes: Probes, unlucky: Pod) -> None:
    other = probes.pods()["w2"]
    assert probes.fetch(unlucky, f"http://{other.address}:{PORT}/").check().out.split()[1] == "w2"
    assert probes.fetch(other, f"http://{unlucky.address}:{PORT}/").check().out.split()[0] == NAME


def test_without_the_rule_its_packets_leave_the_machine_in_clear(probes: Probes, unlucky: Pod) -> None:
    machine, other = probes.cluster.machines["w1"], probes.pods()["w2"]
    seen = Capture(machine.account.router, "lan", "udp port 8472")
    with without_mesh_rule(machine), seen:
        assert probes.fetch(unlucky, f"http://{other.address}:{PORT}/").code == 28
        # Its neighbour on the same node, with another identity, notices nothing.
        probes.fetch(probes.pods()["w1"], f"http://{other.address}:{PORT}/").check()
    assert any("100.64." in line and "8472" in line for line in seen.packets)
    wait_until(
        lambda: probes.fetch(unlucky, f"http://{other.address}:{PORT}/").code == 0, "the pod reaches again", seconds=30
    )
