"""The workers' bootstrap tokens, in the form that the control plane's step makes Secrets of."""

from __future__ import annotations

from meshstrap.plan.model import Plan
from meshstrap.secrets import Secrets


def bootstrap_token_lines(plan: Plan, secrets: Secrets) -> str:
    """A line ``worker token expiry`` for each worker that has a token, empty when none has. Times are UTC (RFC 3339).

    Not whole manifests: those take ten times the room, and a control plane may have a hundred workers.
    """
    known = ((node.name, secrets.bootstrap_token(node.name)) for node in plan.nodes if not node.is_control_plane)
    return "".join(
        f"{worker} {token.token.reveal()} {token.expires:%Y-%m-%dT%H:%M:%SZ}\n" for worker, token in known if token
    )
