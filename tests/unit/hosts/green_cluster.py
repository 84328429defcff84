"""The part of the answers that is about the whole cluster."""

from __future__ import annotations

import json
from typing import Any

from meshstrap.plan import NodePlan

ADDRESSES = {"cp1": "100.64.0.1", "w1": "100.64.0.2"}


def answers(node: NodePlan) -> dict[str, Any]:
    """What the node says of the whole."""
    return {"paths": _paths(node), **({"cluster": _whole()} if node.is_control_plane else {})}


def _pod(there: str) -> dict[str, Any]:
    """What a pod finds, of another one too, as the program in it prints it."""
    return {
        "service": {"seen": sorted(ADDRESSES), "errors": []},
        "metadata": "timed out",
        "resolver": "",
        "kubelet": "",
        "exact": {there: ""},
        "larger": {there: "Message too long"},
        "names": {
            "kubernetes.default.svc.cluster.local": {"addresses": ["10.96.0.1"]},
            "pkgs.k8s.io": {"addresses": ["203.0.113.80"]},
        },
        "transfer": {there: {"seconds": 0.5}},
    }


def _whole() -> str:
    nodes = [{"name": name, "ready": True, "addresses": [address]} for name, address in ADDRESSES.items()]
    pods, reached = {"cp1": _pod("w1"), "w1": _pod("cp1")}, dict.fromkeys(ADDRESSES, "")
    return json.dumps(
        {
            "nodes": nodes,
            "proxies": [],
            "resolvers": ["cp1", "w1"],
            "lacking": {},
            "pods": pods,
            "node_port": reached,
            "left": "",
        }
    )


def _paths(node: NodePlan) -> str:
    other = "w1" if node.name == "cp1" else "cp1"
    return f"{other} pong from {other} ({ADDRESSES[other]}) via 198.51.100.7:41641 in 2ms\n"
