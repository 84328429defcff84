"""What each way that pods' packets can take costs with these nodes: the table of `invoke explain`, on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from meshstrap.decisions import load_flowchart
from meshstrap.language import LANGUAGES, Text
from meshstrap.plan.figures import derive_figures
from meshstrap.plan.model import Plan
from meshstrap.plan.network import VXLAN
from meshstrap.views.words import in_every_language


@dataclass(frozen=True, kw_only=True)
class Costs:
    """A table in every language. ``chosen``: which row is this cluster's own way, from 0."""

    title: Markup
    columns: tuple[Markup, ...]
    rows: tuple[tuple[Markup, ...], ...]
    note: Markup
    chosen: int


def costs(plan: Plan) -> Costs:
    """The table for a plan."""
    figures, table = derive_figures(plan), load_flowchart().tradeoffs
    return Costs(
        title=_said(table.title, figures),
        columns=tuple(_said(column, figures) for column in table.columns),
        rows=tuple(tuple(_said(cell, figures) for cell in row) for row in table.rows),
        note=_said(table.note, figures),
        chosen=0 if plan.routing == VXLAN else 1,
    )


def _said(text: Text, figures: Mapping[str, object]) -> Markup:
    return in_every_language({language: escape(text.say(language, figures)) for language in LANGUAGES})
