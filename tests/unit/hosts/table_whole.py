"""Faults of the whole cluster, in the answers of its control plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.hosts.faults import WORKER, Fault, data, fault, says, warning

API = "kubernetes.default.svc.cluster.local"


def whole(test: str, change: Callable[[dict[str, Any]], object], found: str) -> Fault:
    """A fault in what the cluster says."""
    return fault("cluster", test, data("cluster", change), found)


def pod(test: str, found: str, **settings: Any) -> Fault:
    """A fault in what the pod on w1 finds."""
    return whole(test, lambda told: told["pods"]["w1"].update(settings), found)


def node(**settings: Any) -> Callable[[dict[str, Any]], object]:
    """Another word of the API server on w1."""
    return lambda told: told["nodes"][1].update(settings)


READY = "every node is ready by its tailnet address"

FAULTS = (
    whole(READY, node(ready=False), "w1 is not Ready"),
    whole(READY, node(addresses=["10.0.0.12"]), "w1 has 10.0.0.12, in the tailnet 100.64.0.2"),
    whole(READY, lambda told: told["nodes"].pop(), "w1 has not joined"),
    whole(
        READY,
        lambda told: told["nodes"].append({"name": "w9", "ready": True, "addresses": ["100.64.0.9"]}),
        "w9 is no node of the plan",
    ),
    whole(
        "a pod starts on every node",
        lambda told: told["lacking"].update(w1="ErrImagePull: not found"),
        "w1: ErrImagePull: not found",
    ),
    pod("pods reach each other at exactly the pod mtu", "w1 to cp1: no answer", exact={"cp1": "no answer"}),
    pod("not one byte more comes through", "w1 to cp1: one byte more comes through", larger={"cp1": ""}),
    pod("much gets through in both directions", "w1 to cp1: timed out", transfer={"cp1": {"error": "timed out"}}),
    pod(
        "a service leads to every node from every pod",
        "w1: never reached cp1; timed out",
        service={"seen": ["w1"], "errors": ["timed out"]},
    ),
    whole("every node answers at a node port", lambda told: told["node_port"].update(w1="timed out"), "w1: timed out"),
    whole("no kube proxy is anywhere", lambda told: told["proxies"].append("kube-proxy"), "kube-proxy"),
    pod(
        "pods resolve names of the cluster",
        "w1: Try again",
        names={API: {"error": "Try again"}, "pkgs.k8s.io": {"addresses": ["203.0.113.80"]}},
    ),
    pod(
        "pods resolve names of the cluster",
        "w1: 192.0.2.1",
        names={API: {"addresses": ["192.0.2.1"]}, "pkgs.k8s.io": {"addresses": ["203.0.113.80"]}},
    ),
    warning(
        "names outlive any one node",
        data("cluster", lambda told: told.update(resolvers=["cp1", "cp1"])),
        "2 on cp1 alone",
        topic="cluster",
    ),
    pod(
        "pods resolve names of the world",
        "w1: Try again",
        names={API: {"addresses": ["10.96.0.1"]}, "pkgs.k8s.io": {"error": "Try again"}},
    ),
    pod("no pod reaches the metadata service", "w1: it connects", metadata=""),
    pod("pods resolve through the clouds name server", "w1: no answer", resolver="no answer"),
    pod("pods reach the kubelet of their own node", "w1: timed out", kubelet="timed out"),
    fault(
        "cluster",
        "every other node answers through the tailnet",
        says("paths", 'cp1 ping "cp1" timed out\n'),
        'cp1: ping "cp1" timed out',
        WORKER,
    ),
    fault("cluster", "every other node answers through the tailnet", says("paths", ""), "w1: no answer"),
    whole("the verification leaves nothing behind", lambda told: told.update(left="timed out"), "timed out"),
)
