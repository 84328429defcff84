"""Step 0 on the page: what has to be there before the first paste, with this inventory's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshstrap.plan.model import AccountPlan, Plan
from meshstrap.views.page.model import PageAccount
from meshstrap.views.policy import policy_text

KEYS_GOOD_FOR = "24h"
"""As long as a bootstrap token: what is created later needs a new one of both."""


@dataclass(frozen=True, kw_only=True)
class AccountNeeds:
    """What one account needs. ``images`` are named as the console names them; ``own_images`` are none of OCI's.

    ``on_oci``: whether any of its machines is an instance of OCI's.
    """

    account: AccountPlan
    on_oci: bool
    images: tuple[str, ...]
    own_images: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Before:
    """What step 0 shows. ``policy`` is empty when the nodes carry no tag."""

    accounts: tuple[AccountNeeds, ...]
    policy: str
    lifetime: str
    key_commands: tuple[str, ...]
    key_lines: str


def before(plan: Plan, accounts: Sequence[PageAccount]) -> Before:
    """Step 0 of this plan."""
    return Before(
        accounts=tuple(_needs(account) for account in accounts),
        policy=policy_text(plan).rstrip("\n") if plan.tags else "",
        lifetime=KEYS_GOOD_FOR,
        key_commands=(_headscale_keys(plan),) if plan.login_server and plan.tags else (),
        key_lines="\n".join(f"{node.name}: {'hskey' if plan.login_server else 'tskey'}-auth-…" for node in plan.nodes),
    )


def _needs(account: PageAccount) -> AccountNeeds:
    return AccountNeeds(
        account=account.account,
        on_oci=any(node.node.is_instance for node in account.nodes),
        images=tuple(dict.fromkeys(node.image for node in account.nodes if node.is_platform_image)),
        own_images=tuple(dict.fromkeys(node.image for node in account.nodes if not node.is_platform_image)),
    )


def _headscale_keys(plan: Plan) -> str:
    """On the server: a key for each node, as a line of the file that ``invoke secrets --auth-keys`` takes.

    Without ``--reusable`` a key is good for one login, and without ``--expiration`` for an hour (Headscale 0.29.2).
    """
    names = " ".join(node.name for node in plan.nodes)
    create = f"headscale preauthkeys create --expiration {KEYS_GOOD_FOR} \\\n    --tags {','.join(plan.tags)}"
    return f'for node in {names}; do\n  key=$({create})\n  echo "$node: $key"\ndone'
