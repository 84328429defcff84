"""Auth keys and bootstrap tokens, as values that never show what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn

from meshstrap.errors import SecretsInvalid

ENVIRONMENT_PREFIX = "MESHSTRAP_AUTH_KEY_"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

# Tailscale's, Headscale's since 0.28, and Headscale's before that (48 hexadecimal digits).
_AUTH_KEY = re.compile(r"(tskey-auth|hskey-auth)-[A-Za-z0-9_-]{8,}|[0-9a-f]{48}")
_OAUTH_SECRET = re.compile(r"tskey-client-[A-Za-z0-9_-]{8,}(\?[a-z=&]*)?")
# What a paste brings along: blanks, line breaks and quotation marks of any kind.
_PASTED_ALONG = re.compile(r"[\s\"'`<>“”‘’]")  # noqa: RUF001 - the point
_LIFETIME = re.compile(r"([1-9][0-9]{0,4})([mhd])")


class Secret:
    """A text that no log, traceback or file shows by accident; only :meth:`reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that has to write it."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a secret is not pickled"
        raise TypeError(message)


@dataclass(frozen=True, kw_only=True)
class BootstrapToken:
    """What a worker joins with. ``expires`` is in UTC; the cluster removes the token then."""

    token: Secret
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """All secrets of a cluster, by node name. ``environment_keys`` come before those of the file, and are not saved."""

    auth_keys: Mapping[str, Secret] = field(default_factory=dict)
    bootstrap_tokens: Mapping[str, BootstrapToken] = field(default_factory=dict)
    environment_keys: Mapping[str, Secret] = field(default_factory=dict)

    def __str__(self) -> str:
        keys = {environment_name(node) for node in self.auth_keys} | set(self.environment_keys)
        counts = {"auth key": len(keys), "bootstrap token": len(self.bootstrap_tokens)}
        return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())

    def auth_key(self, node: str) -> Secret | None:
        """What the node logs in to the tailnet with; ``None``: a person will, by the login URL that it shows."""
        return self.environment_keys.get(environment_name(node)) or self.auth_keys.get(node)

    def bootstrap_token(self, node: str) -> BootstrapToken | None:
        """What the worker joins the cluster with."""
        return self.bootstrap_tokens.get(node)

    def missing(self, node: str, *, joins: bool, now: datetime) -> tuple[str, ...]:
        """What the node lacks, and what then happens. ``joins``: it is a worker, and needs a bootstrap token."""
        found = []
        if self.auth_key(node) is None:
            found.append("no auth key: shows a login URL on its console and in its status, and waits for a person")
        token = self.bootstrap_token(node)
        if joins and token is None:
            found.append("no bootstrap token: cannot join the cluster")
        elif joins and token is not None and token.expires <= now:
            found.append(f"bootstrap token expired on {token.expires:%Y-%m-%d}: `invoke secrets --renew {node}`")
        return tuple(found)

    def with_auth_keys(self, keys: Mapping[str, Secret], nodes: Sequence[str]) -> Secrets:
        """These keys and the environment's, saved with the others. ``SecretsInvalid``: a name that no node has."""
        _refuse_strangers("an auth key", set(keys) - set(nodes), nodes)
        here = {node: key for node in nodes if (key := self.environment_keys.get(environment_name(node)))}
        known = {environment_name(node) for node in nodes}
        _refuse_strangers("an auth key", set(self.environment_keys) - known, nodes)
        return replace(self, auth_keys={**self.auth_keys, **keys, **here})

    def with_tokens(self, tokens: Mapping[str, BootstrapToken], workers: Sequence[str]) -> Secrets:
        """These tokens in place of older ones. ``SecretsInvalid``: a name that no worker has."""
        _refuse_strangers("a bootstrap token", set(tokens) - set(workers), workers)
        return replace(self, bootstrap_tokens={**self.bootstrap_tokens, **tokens})

    def without_token(self, workers: Iterable[str]) -> tuple[str, ...]:
        """Those of the workers that have no bootstrap token yet."""
        return tuple(worker for worker in workers if worker not in self.bootstrap_tokens)

    def only(self, nodes: Iterable[str], workers: Iterable[str]) -> Secrets:
        """Without the keys of those that are no nodes, and the tokens of those that are no workers."""
        keys, tokens = set(nodes), set(workers)
        return replace(
            self,
            auth_keys={node: key for node, key in self.auth_keys.items() if node in keys},
            bootstrap_tokens={node: token for node, token in self.bootstrap_tokens.items() if node in tokens},
        )

    def strangers(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Names that secrets are given for, and no node has; those of the environment as the variable's name."""
        nodes = set(nodes)
        known = {environment_name(node) for node in nodes}
        return tuple(
            sorted({*self.auth_keys, *self.bootstrap_tokens} - nodes)
            + sorted(name for name in self.environment_keys if name not in known)
        )


def _refuse_strangers(what: str, strangers: Iterable[str], known: Iterable[str]) -> None:
    # An empty name, of a shell's variable that is not set, is one as well.
    names = ", ".join(name or "''" for name in sorted(strangers))
    if names:
        worker = "worker" if "token" in what else "node"
        message = (
            f"{what} for {names}: the inventory has no {worker} of that name; it has {', '.join(known) or 'none'}. "
            "Nothing was written"
        )
        raise SecretsInvalid(message)


def environment_name(node: str) -> str:
    """``MESHSTRAP_AUTH_KEY_W_1`` of ``w-1``. No two node names meet: a DNS label has no underscore."""
    return ENVIRONMENT_PREFIX + node.upper().replace("-", "_")


def parse_auth_key(text: str, place: str) -> Secret:
    """Hold an auth key to the shapes that nodes can log in with. ``SecretsInvalid`` names the place, not the value."""
    text = text.strip()
    if _AUTH_KEY.fullmatch(text):
        return Secret(text)
    if not _OAUTH_SECRET.fullmatch(text):
        alone = _PASTED_ALONG.sub("", text)
        if _AUTH_KEY.fullmatch(alone) or _OAUTH_SECRET.fullmatch(alone):
            message = (
                f"{place}: an auth key with a blank, a line break or a quotation mark in it, which no key has: write "
                "the key alone, on one line"
            )
            raise SecretsInvalid(message)
        message = (
            f"{place}: this is not an auth key: one begins with tskey-auth- (Tailscale) or hskey-auth- (Headscale). "
            "Make one per node in the admin console, under Settings, Keys: single-use, tagged, pre-approved, not "
            "ephemeral; or with `headscale preauthkeys create --tags tag:k8s-node -e 24h`"
        )
        raise SecretsInvalid(message)
    options = set(text.partition("?")[2].split("&"))
    if not {"ephemeral=false", "preauthorized=true"} <= options:
        # feature/oauthkey/oauthkey.go of tailscale: these are not the defaults of an OAuth client.
        message = (
            f"{place}: an OAuth client secret makes an ephemeral node that waits for approval, and an ephemeral node "
            "loses its address whenever it is offline: end it with ?ephemeral=false&preauthorized=true, or better, "
            "use a single-use auth key (tskey-auth-…)"
        )
        raise SecretsInvalid(message)
    return Secret(text)


def parse_lifetime(text: str) -> timedelta:
    """``90m``, ``168h`` or ``7d``, between an hour and 30 days: every process on a node can read its user-data."""
    match = _LIFETIME.fullmatch(text)
    lifetime = timedelta()
    if match:
        lifetime = (
            int(match[1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[match[2]]
        )
    if not timedelta(hours=1) <= lifetime <= timedelta(days=30):
        message = f"--lifetime: {text!r} is not between 1h and 30d (like 90m, 168h or 7d)"
        raise SecretsInvalid(message)
    return lifetime


def create_token(choose: Callable[[str], str], expires: datetime) -> BootstrapToken:
    """A new bootstrap token. ``choose`` picks one character of an alphabet, unpredictably."""
    text = "".join(choose(_ALPHABET) for _ in range(22))
    return BootstrapToken(token=Secret(f"{text[:6]}.{text[6:]}"), expires=expires.replace(microsecond=0))
