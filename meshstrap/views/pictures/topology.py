"""Which accounts and nodes there are, as far as a picture can show them."""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.plan.model import NodePlan, Plan

ACCOUNTS_DRAWN = 12
"""More boxes than these are no picture but a list, which `invoke plan` has."""

NODES_DRAWN = 8
"""Nodes drawn in one account."""

TAILSCALE = "login.tailscale.com"
"""Where clients of Tailscale's own coordination server are sent to log in (https://tailscale.com/kb/1082/firewall-ports)."""


@dataclass(frozen=True, kw_only=True)
class AccountBox:
    """One account: its nodes, and how many more it has than are drawn."""

    name: str
    region: str
    subnet: str
    nodes: tuple[NodePlan, ...]
    more: int

    @property
    def place(self) -> str:
        """Region and subnet, as far as the inventory gives them."""
        return " · ".join(text for text in (self.region, self.subnet) if text)


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The accounts, how many more there are than are drawn, and the coordination server's host."""

    accounts: tuple[AccountBox, ...]
    more: int
    coordination: str


def derive_topology(plan: Plan) -> Topology:
    """The accounts that have nodes, in the inventory's order; the control plane's comes first."""
    nodes: dict[str, list[NodePlan]] = {}
    for node in sorted(plan.nodes, key=lambda node: not node.is_control_plane):
        nodes.setdefault(node.account, []).append(node)
    accounts = {account.name: account for account in plan.accounts}
    boxes = [
        AccountBox(
            name=name,
            region=accounts[name].region,
            subnet=str(accounts[name].subnet or ""),
            nodes=tuple(found[: _drawn(len(found), NODES_DRAWN)]),
            more=len(found) - _drawn(len(found), NODES_DRAWN),
        )
        for name, found in nodes.items()
    ]
    drawn = _drawn(len(boxes), ACCOUNTS_DRAWN)
    return Topology(
        accounts=tuple(boxes[:drawn]),
        more=len(boxes) - drawn,
        coordination=plan.login_server.partition("://")[2] or TAILSCALE,
    )


def _drawn(count: int, most: int) -> int:
    """How many of them are drawn. The one that is too many is drawn as well: "and 1 more" would take its place."""
    return count if count <= most + 1 else most
