"""secrets.yaml beside an inventory: read and written by its owner alone."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from meshstrap.errors import SecretsInvalid
from meshstrap.files import discard_leftovers, read_bounded, refuse_no_file, write_atomically
from meshstrap.git import refuse_tracked
from meshstrap.secrets.model import ENVIRONMENT_PREFIX, BootstrapToken, Secret, Secrets, parse_auth_key

MAXIMUM_BYTES = 1_000_000
EVERYTHING = 0o777
"""The mode that a file system without modes shows, as that of Windows does under WSL."""

HEADER = """\
# The secrets of this cluster, written by `invoke secrets` and `invoke render`. Yours alone: never commit it.
# auth_keys: one per node, single-use, tagged, pre-approved.  bootstrap_tokens: one per worker, good until `expires`.
"""

_TWICE = "this name stands here a second time; keep one of the two"

# A key pasted in a name's place must not be shown as a name.
_NODE = re.compile(r"(?!tskey-|hskey-)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# kubeadm's own form: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ (read 2026-11)
_TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")


def load_secrets(path: Path, environment: Mapping[str, str]) -> Secrets:
    """Read secrets.yaml, which need not exist, and the auth keys of the environment.

    ``SecretsInvalid`` when the file is not YAML of our form, or others may read it; ``KnownToGit`` when git tracks it.
    """
    keys = {
        name: parse_auth_key(text, name)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX) and text.strip()
    }
    if not _is_there(path):
        return Secrets(environment_keys=keys)
    refuse_tracked(path)
    document = _read_mapping(path, "auth_keys and bootstrap_tokens, with lines of NODE: VALUE below each")
    if set(document) - {"auth_keys", "bootstrap_tokens"}:
        message = f"{path}: the only keys at the top are auth_keys and bootstrap_tokens; nodes stand below these"
        raise SecretsInvalid(message)
    tokens = _by_node(document.get("bootstrap_tokens"), f"{path}: bootstrap_tokens")
    return Secrets(
        auth_keys=_auth_keys(document.get("auth_keys"), f"{path}: auth_keys"),
        bootstrap_tokens={node: _parse_token(value, place) for node, (place, value) in tokens.items()},
        environment_keys=keys,
    )


def load_auth_keys(path: Path) -> dict[str, Secret]:
    """Read a file of ``node: key`` lines. Errors as for secrets.yaml."""
    if not _is_there(path):
        message = f"{path}: there is no such file; write one line per node, like `cp1: tskey-auth-…`, mode 0600"
        raise SecretsInvalid(message)
    refuse_tracked(path)
    return _auth_keys(_read_mapping(path, "lines like `cp1: tskey-auth-…`"), str(path))


def save_secrets(path: Path, secrets: Secrets) -> None:
    """Write secrets.yaml atomically, 0600. Keys of the environment stay there. ``SecretsInvalid`` when it cannot.

    Nobody else may write it meanwhile: what a run that was killed left of it, secrets and all, goes.
    """
    document = {
        "auth_keys": {node: key.reveal() for node, key in sorted(secrets.auth_keys.items())},
        "bootstrap_tokens": {
            node: {"token": token.token.reveal(), "expires": f"{token.expires:%Y-%m-%dT%H:%M:%SZ}"}
            for node, token in sorted(secrets.bootstrap_tokens.items())
        },
    }
    try:
        with suppress(FileNotFoundError):
            refuse_no_file(path)
        # A symbolic link, into an encrypted folder say, stays one.
        place = path.resolve()
        discard_leftovers(place)
        write_atomically(place, HEADER + yaml.safe_dump(document, sort_keys=False))
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise SecretsInvalid(message) from error


def _is_there(path: Path) -> bool:
    """``SecretsInvalid`` for what is there and is no file, or one that others may read."""
    try:
        # A pipe is what a shell's <(command) hands over.
        refuse_no_file(path, pipe=True)
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise SecretsInvalid(message) from None
    if mode & 0o077:
        message = f"{path}: others on this machine may read it (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}"
        if stat.S_IMODE(mode) == EVERYTHING:
            message += ", or move it to your home when that changes nothing: a disk of Windows keeps no modes"
        raise SecretsInvalid(message)
    return True


class _Placed(str):
    """A text and the line on which it stands, from 1: what must not be shown is found by it."""

    __slots__ = ("line",)
    line: int


class _Loader(yaml.BaseLoader):
    """Every scalar is left a text, since a token like 123456.0123456789012345 would read as a number."""

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        """The text with its place."""
        text = _Placed(super().construct_scalar(node))
        text.line = node.start_mark.line + 1
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own
        """A mapping in which each name stands once."""
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=_TWICE, problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else key)
        return super().construct_mapping(node, deep)


def _read_mapping(path: Path, form: str) -> dict[Any, Any]:
    data = b""
    try:
        data = read_bounded(path, MAXIMUM_BYTES + 1, pipe=True)
        document = yaml.load(data[:MAXIMUM_BYTES].decode(), Loader=_Loader)  # noqa: S506 - makes only str, list and dict
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise SecretsInvalid(message) from None
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise SecretsInvalid(message) from None
    except RecursionError:
        message = f"{path}: nested too deep; it is {form}"
        raise SecretsInvalid(message) from None
    except yaml.YAMLError as error:
        # The parser's own text quotes the line, and with it the secret.
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        why = problem if problem == _TWICE else "not YAML; the line is not shown, since a secret may stand in it"
        if mark and b"\t" in data.split(b"\n")[mark.line]:
            why = "a tab stands in this line, and YAML takes blanks only"
        message = f"{path}{where}: {why}"
        raise SecretsInvalid(message) from None
    if len(data) > MAXIMUM_BYTES:
        message = f"{path}: has more than {MAXIMUM_BYTES} bytes; it is {form}"
        raise SecretsInvalid(message)
    if document in (None, ""):
        return {}
    if not isinstance(document, dict):
        message = f"{path}: is no YAML file of {form}; is a colon missing, or the blank behind it?"
        raise SecretsInvalid(message)
    return document


def _by_node(value: object, place: str) -> dict[str, tuple[str, Any]]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        message = f"{place}: has to be lines of NODE: VALUE"
        raise SecretsInvalid(message)
    for node in value:
        _refuse_no_node(node, place)
    return {str(node): (f"{place}.{node}", text) for node, text in value.items() if text != ""}


def _refuse_no_node(name: _Placed, place: str) -> None:
    if name == "auth_keys":
        message = f"{place}: line {name.line}: leave this line out: the nodes' lines stand at the beginning here"
        raise SecretsInvalid(message)
    if not _NODE.fullmatch(name):
        message = (
            f"{place}: line {name.line}: the name is no node's, which has a-z, 0-9 and '-' alone. It is not shown, "
            "since a key may stand in its place"
        )
        raise SecretsInvalid(message)


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
    return BootstrapToken(token=Secret(str(token)), expires=expires)
