"""secrets.yaml beside an inventory: read and written by its owner alone."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from meshstrap.errors import SecretsInvalid
from meshstrap.files import write_atomically
from meshstrap.git import refuse_tracked
from meshstrap.secrets.model import ENVIRONMENT_PREFIX, BootstrapToken, Secret, Secrets, parse_auth_key

MAXIMUM_BYTES = 1_000_000

HEADER = """\
# The secrets of this cluster, written by `invoke secrets` and `invoke render`. Yours alone: never commit it.
# auth_keys: one per node, single-use, tagged, pre-approved.  bootstrap_tokens: one per worker, good until `expires`.
"""

# A key pasted in a name's place must not be shown as a name.
_NODE = re.compile(r"(?!tskey-|hskey-)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# kubeadm's own form: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ (read 2026-11)
_TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")


def load_secrets(path: Path, environment: Mapping[str, str]) -> Secrets:
    """Read secrets.yaml, which need not exist, and the auth keys of the environment.

    ``SecretsInvalid`` when the file is not YAML of our form, or others may read it; ``KnownToGit`` when git tracks it.
    """
    keys = {
        name: parse_auth_key(text.strip(), name)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX) and text.strip()
    }
    if not path.exists():
        return Secrets(environment_keys=keys)
    _refuse_readable(path)
    refuse_tracked(path)
    document = _read_mapping(path)
    if set(document) - {"auth_keys", "bootstrap_tokens"}:
        message = f"{path}: the only keys at the top are auth_keys and bootstrap_tokens"
        raise SecretsInvalid(message)
    tokens = _by_node(document.get("bootstrap_tokens"), f"{path}: bootstrap_tokens")
    return Secrets(
        auth_keys=_auth_keys(document.get("auth_keys"), f"{path}: auth_keys"),
        bootstrap_tokens={node: _parse_token(value, place) for node, (place, value) in tokens.items()},
        environment_keys=keys,
    )


def load_auth_keys(path: Path) -> dict[str, Secret]:
    """Read a file of ``node: key`` lines. Errors as for secrets.yaml."""
    if not path.exists():
        message = f"{path}: there is no such file; write one line per node, like `cp1: tskey-auth-…`, mode 0600"
        raise SecretsInvalid(message)
    _refuse_readable(path)
    refuse_tracked(path)
    return _auth_keys(_read_mapping(path), str(path))


def save_secrets(path: Path, secrets: Secrets) -> None:
    """Write secrets.yaml atomically, 0600. Keys of the environment stay there. ``SecretsInvalid`` when it cannot."""
    document = {
        "auth_keys": {node: key.reveal() for node, key in sorted(secrets.auth_keys.items())},
        "bootstrap_tokens": {
            node: {"token": token.token.reveal(), "expires": f"{token.expires:%Y-%m-%dT%H:%M:%SZ}"}
            for node, token in sorted(secrets.bootstrap_tokens.items())
        },
    }
    try:
        # A symbolic link, into an encrypted folder say, stays one.
        write_atomically(path.resolve(), HEADER + yaml.safe_dump(document, sort_keys=False))
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise SecretsInvalid(message) from error


def _refuse_readable(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        message = f"{path}: others on this machine may read it (mode {mode:04o}): chmod 600 {path}"
        raise SecretsInvalid(message)


def _read_mapping(path: Path) -> dict[Any, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
        # BaseLoader leaves every scalar a text: a token like 123456.0123456789012345 would read as a number.
        document = yaml.load(data[:MAXIMUM_BYTES].decode(), Loader=yaml.BaseLoader)  # noqa: S506 - makes only str, list and dict
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        message = f"{path}: cannot be read: {type(error).__name__}"
        raise SecretsInvalid(message) from None
    except yaml.YAMLError as error:
        # The parser's own text quotes the line, and with it the secret.
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        message = f"{path}{where}: not valid YAML here"
        raise SecretsInvalid(message) from None
    if document in (None, ""):
        return {}
    if not isinstance(document, dict) or len(data) > MAXIMUM_BYTES:
        message = f"{path}: not a YAML file of `name: value` lines of at most {MAXIMUM_BYTES} bytes"
        raise SecretsInvalid(message)
    return document


def _by_node(value: object, place: str) -> dict[str, tuple[str, Any]]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(node, str) and _NODE.fullmatch(node) for node in value):
        message = f"{place}: not a map from node names to values"
        raise SecretsInvalid(message)
    return {node: (f"{place}.{node}", text) for node, text in value.items() if text != ""}


def _auth_keys(value: object, place: str) -> dict[str, Secret]:
    return {node: parse_auth_key(str(text), where) for node, (where, text) in _by_node(value, place).items()}


def _parse_token(value: object, place: str) -> BootstrapToken:
    token = value.get("token") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        message = f"{place}: not a bootstrap token with its end; make a new one with `invoke secrets --renew NODE`"
        raise SecretsInvalid(message)
    try:
        expires = datetime.strptime(str(value.get("expires")), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"{place}.expires: not a time like 2026-12-31T12:00:00Z"
        raise SecretsInvalid(message) from None
    return BootstrapToken(token=Secret(token), expires=expires)
