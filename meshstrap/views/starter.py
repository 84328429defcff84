"""The cluster.yaml that a person starts from: the commented example with their own answers in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = """\
# yaml-language-server: $schema=./cluster.schema.json
#
# Written by `invoke init`. Change it, then run `invoke render`. Only cluster.name, the accounts' names, and a node's
# name, account and role are required; the comments say what else there is. `invoke plan` shows what follows from it.

"""

_ACCOUNT = """\
  - name: {account}
    subnet: 10.0.0.0/24
    {comment}quota: {{ocpus: 2, memory_gib: 12, storage_gib: 200}}
"""

_SSH_KEY = """\
    ssh_authorized_keys:
      - {key}
"""
_EXAMPLE_KEYS = (
    r"^    # The public keys that you will give the cloud.*\n(?:    #.*\n)*    ssh_authorized_keys:\n(?:      - .*\n)+"
)

_SECTIONS = """\
accounts:
  # The same private subnet in every account is the normal case: nodes talk through the tailnet. The quota is what the
  # account may use in all: the nodes' sums are held against it. `region: ap-seoul-1` is for your own orientation, and
  # `ssh_authorized_keys: [...]` lets the size of your keys count, which share a limit with the user-data.
{accounts}
nodes:
  # A node's name is its hostname, its name in the tailnet and its name in Kubernetes. A node may also have:
  #   os: ubuntu-24.04      # ubuntu-22.04, ubuntu-24.04, debian-12, debian-13, oracle-9, oracle-10
  #   arch: arm64           # or amd64
  #   ocpus: 2              # a control plane needs two CPUs; on arm64 an OCPU is one CPU
  #   memory_gib: 12
  #   boot_volume_gib: 50
  #   block_volume: {{device: /dev/oracleoci/oraclevdb, size_gib: 100, format: true}}
  #   labels: {{disk: fast}}
  #   taints: []            # on a control plane: pods may run there too
{nodes}
"""


@dataclass(frozen=True, kw_only=True)
class StarterNode:
    """One answer to "which nodes"."""

    name: str
    role: str
    account: str
    os: str = ""


def parse_starter_node(text: str) -> StarterNode | None:
    """``cp1:control-plane:alice`` or ``w1:worker:bob:debian-13``; ``None`` when it has another number of parts."""
    name, role, account, system = [*text.split(":"), "", "", "", ""][:4]
    if text.count(":") > 3 or not (name and role and account):  # noqa: PLR2004 - the form just above
        return None
    return StarterNode(name=name, role=role, account=account, os=system)


def starter_inventory(
    example: str, *, name: str, nodes: Sequence[StarterNode], login_server: str, ssh_key: str = ""
) -> str:
    """The example's text with a name, nodes, a coordination server and an SSH key of one's own.

    What is empty stays as it is; without a key none is listed, since the example's are made up.
    """
    text = _HEAD + example[example.index("cluster:") :]
    if name:
        text = _replace(r"^  name: \S+$", f"  name: {_scalar(name)}", text)
    if login_server:
        text = _replace(r"^  # login_server: \S+$", f"  login_server: {_scalar(login_server)}", text)
    keys = _SSH_KEY.format(key=_scalar(ssh_key)) if ssh_key else ""
    text = _replace(_EXAMPLE_KEYS, keys, text)
    if nodes:
        accounts = [node.account for node in nodes]
        texts = "".join(_account(account, accounts.count(account), keys) for account in dict.fromkeys(accounts))
        sections = _SECTIONS.format(accounts=texts, nodes="".join(map(_node, nodes)).rstrip("\n"))
        text = _replace(r"^accounts:\n(?s:.*?)\n(?=# Every place)", f"{sections}\n", text)
    return text


def _account(name: str, nodes: int, keys: str) -> str:
    # The quota is that of one free account, which the default size of one node uses up.
    return _ACCOUNT.format(account=_scalar(name), comment="" if nodes == 1 else "# ") + keys


def _node(node: StarterNode) -> str:
    text = f"  - name: {_scalar(node.name)}\n    account: {_scalar(node.account)}\n    role: {_scalar(node.role)}\n"
    return text + (f"    os: {_scalar(node.os)}\n" if node.os else "")


def _scalar(text: str) -> str:
    """A text that YAML gives back as it is, so that the inventory's own rules can judge it."""
    return text if re.fullmatch(r"\w[\w./:-]*\w|\w", text) else json.dumps(text)


def _replace(pattern: str, new: str, text: str) -> str:
    result, count = re.subn(pattern, lambda _: new, text, count=1, flags=re.MULTILINE)
    if count != 1:
        message = f"the example no longer has a line like {pattern}"
        raise LookupError(message)
    return result
