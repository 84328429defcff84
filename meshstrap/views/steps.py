"""The README's table of steps, made from the catalogue."""

from __future__ import annotations

from meshstrap.plan.steps import CATALOGUE, Step


def step_table_markdown() -> str:
    """One row for each step, in order: its name, who gets it, what holds afterwards."""
    rows = (f"| `{step.name}` | {_who(step)} | {step.holds} |\n" for step in CATALOGUE)
    return "| step | who | what holds afterwards |\n|---|---|---|\n" + "".join(rows)


def _who(step: Step) -> str:
    who = step.roles[0] if len(step.roles) == 1 else "all"
    if len(step.families) == 1:
        who += ", Oracle Linux" if step.families[0] == "dnf" else ", Ubuntu and Debian"
    who += ", with a block volume" if step.needs_block_volume else ""
    return who + (", with a trusted_ca" if step.needs_trusted_ca else "")
