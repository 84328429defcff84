"""The tailnet's policy: who may ask for the nodes' tags, and who may reach what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from meshstrap.plan.model import Plan

Policy: TypeAlias = Mapping[str, Mapping[str, Sequence[str]] | Sequence[Mapping[str, Sequence[str]]]]
"""As Tailscale and Headscale read it (https://tailscale.com/docs/reference/syntax/policy-file)."""

SSH_PORT = 22


def derive_policy(plan: Plan) -> Policy:
    """The policy with no more rights than the mesh uses. ``ValueError``: the nodes carry no tag to speak of.

    Every node carries every tag, so the first is enough for the rules. Nodes reach each other on every port, since pods
    in a node's network listen on any; people reach SSH and the API server, and nothing of theirs is reached by a node.
    Headscale knows no role that could own a tag, and a key that its server makes needs no owner (run with 0.29.2).
    """
    if not plan.tags:
        message = "without a tag the nodes belong to people, and no rule can name them"
        raise ValueError(message)
    nodes = [plan.tags[0]]
    owners: list[str] = [] if plan.login_server else ["autogroup:admin"]
    return {
        "tagOwners": dict.fromkeys(plan.tags, owners),
        "grants": [
            {"src": nodes, "dst": nodes, "ip": ["*"]},
            {"src": ["autogroup:member"], "dst": nodes, "ip": [f"tcp:{SSH_PORT}", f"tcp:{plan.api_port}"]},
        ],
    }
