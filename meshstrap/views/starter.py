"""The cluster.yaml that a person starts from: the commented example with their own answers in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshstrap.plan.accounts import FREE_MEMORY_GIB, FREE_OCPUS, FREE_STORAGE_GIB
from meshstrap.views.free_quota import Share, share_of

_HEAD = """\
# yaml-language-server: $schema=./cluster.schema.json
#
# Written by `invoke init`. Change it, then run `invoke render`. Only cluster.name, the accounts' names, and a node's
# name, account and role are required; the comments say what else there is. `invoke plan` shows what follows from it.

"""

_ACCOUNT = """\
  - name: {account}
    subnet: 10.0.0.0/24
    quota: {{ocpus: {ocpus}, memory_gib: {memory}, storage_gib: {storage}}}
"""

_SSH_KEY = """\
    ssh_authorized_keys:
      - {key}
"""
_EXAMPLE_KEYS = (
    r"^    # The public keys that you will give the cloud.*\n(?:    #.*\n)*    ssh_authorized_keys:\n(?:      - .*\n)+"
)

DEVICE = "/dev/oracleoci/oraclevdb"
_EXAMPLE_VOLUME = r"^    block_volume: .*$"
_NO_VOLUME = f"    # block_volume: {{device: {DEVICE}, size_gib: 100, format: true}}"
CONTROL_PLANE, WORKER = "control-plane", "worker"
EXAMPLE_NODES = (("cp1", CONTROL_PLANE, "alice"), ("w1", WORKER, "bob"), ("w2", WORKER, "carol"))
"""Those of the example: name, role, account."""

_SECTIONS = """\
accounts:
  # The same private subnet in every account is the normal case: nodes talk through the tailnet. The quota is what the
  # account may use in all: the nodes' sums are held against it. `region: ap-seoul-1` is for your own orientation, and
  # `ssh_authorized_keys: [...]` lets the size of your keys count, which share a limit with the user-data.
{accounts}
nodes:
  # A node's name is its hostname, its name in the tailnet and its name in Kubernetes. A node may also have:
  #   os: ubuntu-24.04      # ubuntu-22.04, ubuntu-24.04, debian-12, debian-13, oracle-9, oracle-10
  #   shape: VM.Standard.A1.Flex # A2, E3 to E6, VM.Standard3.Flex, VM.Standard.E2.1.Micro; generic: no OCI instance
  #   arch: arm64           # or amd64; follows from the shape, and has to be named for generic
  #   ocpus: 2              # a control plane needs two CPUs; an OCPU is one CPU of an A1, two of other shapes
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
    volume: bool = False


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

    What is empty stays as it is; without a key none is listed, since the example's are made up, and a data volume is
    there for those nodes alone that have one. ``ValueError``: a free account has not enough for its nodes.
    """
    text = _HEAD + example[example.index("cluster:") :]
    if name:
        text = _replace(r"^  name: \S+$", f"  name: {_scalar(name)}", text)
    if login_server:
        text = _replace(r"^  # login_server: \S+$", f"  login_server: {_scalar(login_server)}", text)
    keys = _SSH_KEY.format(key=_scalar(ssh_key)) if ssh_key else ""
    text = _replace(_EXAMPLE_KEYS, keys, text)
    text = _replace(_EXAMPLE_VOLUME, _NO_VOLUME, text)
    if nodes:
        shares = _shares(nodes)
        texts = "".join(_account(account, keys) for account in shares)
        machines = "".join(_node(node, shares[node.account]) for node in nodes).rstrip("\n")
        sections = _SECTIONS.format(accounts=texts, nodes=machines)
        text = _replace(r"^accounts:\n(?s:.*?)\n(?=# Every place)", f"{sections}\n", text)
    return text


def _account(name: str, keys: str) -> str:
    free = {"ocpus": FREE_OCPUS, "memory": FREE_MEMORY_GIB, "storage": FREE_STORAGE_GIB}
    return _ACCOUNT.format(account=_scalar(name), **free) + keys


def _shares(nodes: Sequence[StarterNode]) -> Mapping[str, Share]:
    """What each account's nodes may use. ``ValueError``."""
    found = {}
    for account in dict.fromkeys(node.account for node in nodes):
        own = [node for node in nodes if node.account == account]
        control_planes = [node.name for node in own if node.role == CONTROL_PLANE]
        found[account] = share_of(
            account, [node.name for node in own], control_planes, sum(node.volume for node in own)
        )
    return found


def _node(node: StarterNode, share: Share) -> str:
    text = f"  - name: {_scalar(node.name)}\n    account: {_scalar(node.account)}\n    role: {_scalar(node.role)}\n"
    text += f"    os: {_scalar(node.os)}\n" if node.os else ""
    if share.ocpus < FREE_OCPUS:
        text += f"    ocpus: {share.ocpus} # shares the account's quota\n    memory_gib: {share.memory_gib}\n"
    if node.volume:
        volume = f"{{device: {DEVICE}, size_gib: {share.volume_gib}, format: true}}"
        text += f"    # It is formatted only while it is blank.\n    block_volume: {volume}\n"
    return text


def _scalar(text: str) -> str:
    """A text that YAML gives back as it is, so that the inventory's own rules can judge it."""
    return text if re.fullmatch(r"\w[\w./:-]*\w|\w", text) else json.dumps(text)


def _replace(pattern: str, new: str, text: str) -> str:
    result, count = re.subn(pattern, lambda _: new, text, count=1, flags=re.MULTILINE)
    if count != 1:
        message = f"the example no longer has a line like {pattern}"
        raise LookupError(message)
    return result
