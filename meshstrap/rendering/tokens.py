"""The workers' bootstrap tokens, in the form that the control plane's step makes Secrets of."""

from __future__ import annotations

from meshstrap.plan.model import Plan
from meshstrap.secrets import Secrets

TOKENS_IN_USER_DATA = 50
"""So many travel in the control plane's user-data: a token cannot be compressed and takes some 80 of its bytes."""


def bootstrap_token_lines(plan: Plan, secrets: Secrets) -> tuple[str, ...]:
    """A line ``worker token expiry`` for each worker that has a token. Times are UTC (RFC 3339).

    Not whole manifests: those take ten times the room.
    """
    known = ((node.name, secrets.bootstrap_token(node.name)) for node in plan.nodes if not node.is_control_plane)
    return tuple(
        f"{worker} {token.token.reveal()} {token.expires:%Y-%m-%dT%H:%M:%SZ}\n" for worker, token in known if token
    )
