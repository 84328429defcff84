"""What auth keys have to be beside each other, and beside the server that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from meshstrap.errors import SecretsInvalid
from meshstrap.secrets.model import Secret, Secrets


def refuse_unfit_keys(secrets: Secrets, nodes: Sequence[str], login_server: str) -> None:
    """``SecretsInvalid`` with every reason why a node could not log in with its key, or not with its key alone.

    ``login_server``: a Headscale's URL, empty for Tailscale's own.
    """
    keys = {node: key for node in nodes if (key := secrets.auth_key(node))}
    problems = [*_shared(keys), *_of_another_server(keys, login_server)]
    if problems:
        raise SecretsInvalid("\n".join(problems))


def _shared(keys: Mapping[str, Secret]) -> Iterator[str]:
    owners: dict[Secret, list[str]] = {}
    for node, key in keys.items():
        owners.setdefault(key, []).append(node)
    for key, nodes in owners.items():
        # An OAuth client's secret is no key: each node has a key made with it.
        if len(nodes) > 1 and not key.reveal().startswith("tskey-client-"):
            yield (
                f"{', '.join(nodes)}: one auth key for {len(nodes)} nodes. Its text does not say whether it is "
                "reusable: a single-use key lets in only the first of them, and a reusable one whoever reads a node's "
                "user-data. Make one for each node: single-use, tagged, not ephemeral"
            )


def _of_another_server(keys: Mapping[str, Secret], login_server: str) -> Iterator[str]:
    tailscale = [node for node, key in keys.items() if key.reveal().startswith("tskey-")]
    headscale = [node for node in keys if node not in tailscale]
    if login_server and tailscale:
        yield (
            f"{', '.join(tailscale)}: a key of Tailscale's own server (tskey-…), but tailnet.login_server is "
            f"{login_server}, which does not know it. Make one there (`headscale preauthkeys create`), or leave "
            "login_server out"
        )
    if headscale and not login_server:
        yield (
            f"{', '.join(headscale)}: a key of a Headscale (hskey-… or 48 hexadecimal digits), but the inventory names "
            "none, and Tailscale's own server does not know it. Set tailnet.login_server, or make a key in the admin "
            "console, under Settings, Keys"
        )
