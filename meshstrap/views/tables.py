"""The plan as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.table import Table

from meshstrap.plan.model import AccountPlan, NodePlan, Plan
from meshstrap.plan.policy import derive_policy
from meshstrap.views.words import say

# More names than these in one cell hide the rest of the row.
NAMES_SHOWN = 6


def plan_sections(plan: Plan) -> list[tuple[str, Table]]:
    """Everything that was derived, as titled tables; empty ones are left out."""
    sections = [
        ("Derived, and why", _facts(plan)),
        ("Versions", _pairs(vars(plan.versions))),
        ("Nodes", _nodes(plan.nodes)),
        ("Steps", _steps(plan.nodes)),
        ("Accounts: used of quota", _accounts(plan.accounts)),
        ("The tailnet's policy (`invoke policy`)", _policy(plan)),
        ("Overridden by you", _overrides(plan)),
    ]
    return [(title, table) for title, table in sections if table.row_count]


def new_table(*columns: str) -> Table:
    """An empty table; a column whose name begins with ``#`` holds numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", overflow="fold")
    return table


def some_names(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more."""
    shown = names if len(names) <= NAMES_SHOWN else (*names[: NAMES_SHOWN - 1], f"{len(names) - NAMES_SHOWN + 1} more")
    return ", ".join(shown)


def _facts(plan: Plan) -> Table:
    table = new_table("name", "value", "why")
    for fact in plan.facts:
        table.add_row(fact.name, fact.value, fact.why + (f" ({fact.source})" if fact.source else ""))
    return table


def _pairs(values: Mapping[str, str]) -> Table:
    table = new_table("name", "version")
    for name, value in values.items():
        table.add_row(name.replace("_", "-"), value)
    return table


def _nodes(nodes: Iterable[NodePlan]) -> Table:
    table = new_table("node", "role", "account", "os", "arch", "shape", "#OCPU", "#CPU", "#GiB", "#disk GiB", "labels")
    for node in nodes:
        volume = f" + {node.block_volume.size_gib}" if node.block_volume else ""
        labels = ", ".join(f"{key}={value}" for key, value in node.labels.items())
        ocpus = str(node.ocpus) if node.is_instance else ""
        numbers = (ocpus, str(node.cpus), str(node.memory_gib), f"{node.boot_volume_gib}{volume}")
        table.add_row(node.name, node.role, node.account, node.os, node.arch, node.shape.name, *numbers, labels)
    return table


def _steps(nodes: Iterable[NodePlan]) -> Table:
    shapes: dict[tuple[str, ...], list[str]] = {}
    for node in nodes:
        shapes.setdefault(node.steps, []).append(node.name)
    table = new_table("nodes", "#steps", "in order")
    for steps, names in shapes.items():
        table.add_row(some_names(names), str(len(steps)), " ".join(steps))
    return table


def _accounts(accounts: Iterable[AccountPlan]) -> Table:
    table = new_table("account", "region", "subnet", "nodes", "#OCPU", "#memory GiB", "#storage GiB")
    for account in accounts:
        table.add_row(
            account.name,
            account.region,
            str(account.subnet or ""),
            some_names(account.nodes),
            _used(account.ocpus, account.quota_ocpus),
            _used(account.memory_gib, account.quota_memory_gib),
            _used(account.storage_gib, account.quota_storage_gib),
        )
    return table


def _used(used: int, quota: int | None) -> str:
    return f"{used} of {quota}" if quota is not None else f"{used}"


def _policy(plan: Plan) -> Table:
    table = new_table("from", "to", "on", "why")
    for grant in derive_policy(plan).grants if plan.tags else ():
        for port in grant.ports:
            table.add_row(", ".join(grant.src), ", ".join(grant.dst), port.ports, say("policy", port.reason, "en"))
    return table


def _overrides(plan: Plan) -> Table:
    table = new_table("what", "yours", "ours")
    for override in plan.overrides:
        table.add_row(override.path, override.value, override.ours)
    return table
