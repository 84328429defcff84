"""What the page shows of each node, and the commands that it offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from meshstrap.plan.model import AccountPlan, NodePlan, Plan
from meshstrap.rendering import Fetching, UserData

HOSTS_NAMED = 20
"""Hosts in one command line; a longer one is nobody's to paste."""

STATUS = "sudo bash /opt/meshstrap/bootstrap.sh --status"
SERIAL = f"watch --interval 5 {STATUS}"
_LAUNCH = """\
oci compute instance launch --display-name {node.name} \\
  --availability-domain AD --compartment-id OCID \\
  --subnet-id OCID --assign-public-ip true \\
  --image-id OCID --boot-volume-size-in-gbs {node.boot_volume_gib} \\
  --shape {node.shape.name} \\
{choice}  --ssh-authorized-keys-file KEYS.pub \\
  --instance-options '{{"areLegacyImdsEndpointsDisabled": true}}' \\
  --metadata "{{\\"user_data\\": \\"$(cat {node.name}/user-data.b64)\\"}}\""""
"""``user_data`` in an instance's metadata is base64 (OCI: LaunchInstanceDetails), which user-data.b64 is. The options
stand for the console's *Require an authorization header* (OCI: InstanceOptions)."""

_CHOICE = """\
  --shape-config '{{"ocpus": {node.ocpus}, "memoryInGBs": {node.memory_gib}}}' \\
"""
"""Of a shape that leaves a choice; OCI refuses it with any other."""

_DISTRIBUTIONS = {"ubuntu": "Canonical Ubuntu", "debian": "Debian", "oracle": "Oracle Linux"}


@dataclass(frozen=True, kw_only=True)
class PageNode:
    """One node with its user-data.

    ``token_expires`` is ``None`` without a bootstrap token. A control plane needs none.
    """

    node: NodePlan
    data: UserData
    has_auth_key: bool
    token_expires: datetime | None

    @property
    def image(self) -> str:
        """The image as the console calls it: ``Canonical Ubuntu 24.04``."""
        distribution, _, version = self.node.os.partition("-")
        return f"{_DISTRIBUTIONS[distribution]} {version}"

    @property
    def is_platform_image(self) -> bool:
        """Whether the image has to be imported nowhere: OCI has none of Debian (checked November 2026)."""
        return not (self.node.is_instance and self.node.os.startswith("debian"))

    @property
    def fetching(self) -> Fetching | None:
        """The sizes with sources.code, when that makes a node that is too large one that can be pasted."""
        sizes = self.data.fetching
        return sizes if sizes and sizes.fits_pasted else None

    @property
    def launch(self) -> str:
        """The command line that creates the machine from user-data.b64, to be run in the page's folder."""
        choice = "" if self.node.shape.ocpus else _CHOICE.format(node=self.node)
        return _LAUNCH.format(node=self.node, choice=choice)


@dataclass(frozen=True, kw_only=True)
class PageAccount:
    """One account with its nodes."""

    account: AccountPlan
    nodes: tuple[PageNode, ...]


def by_account(plan: Plan, nodes: Sequence[PageNode]) -> list[PageAccount]:
    """The accounts that have nodes, in the inventory's order."""
    grouped: dict[str, list[PageNode]] = {}
    for node in nodes:
        grouped.setdefault(node.node.account, []).append(node)
    return [
        PageAccount(account=account, nodes=tuple(grouped[account.name]))
        for account in plan.accounts
        if account.name in grouped
    ]


def status_commands(plan: Plan) -> list[str]:
    """How to ask one node, for each user that some node logs in."""
    return [f"ssh {user}@ADDRESS {STATUS}" for user in dict.fromkeys(node.login_user for node in plan.nodes)]


def code_command(plan: Plan, code: str) -> str:
    """How to see whether the code is where the nodes fetch it: the checksum begins like the file's name ends."""
    return f"curl -fsS {plan.code_url}/{code} | sha256sum"


def pytest_command(plan: Plan) -> str:
    """The verification of all nodes; empty when there are too many to name."""
    if len(plan.nodes) > HOSTS_NAMED:
        return ""
    hosts = ",".join(f"ssh://{node.login_user}@{node.name}" for node in plan.nodes)
    return f".venv/bin/pytest --hosts={hosts}"
