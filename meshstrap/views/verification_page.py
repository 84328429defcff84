"""A verification as one HTML page that needs nothing else: to be kept, sent and read anywhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import jinja2

from meshstrap.verify.verdict import Outcome, Report
from meshstrap.views.verification import LEGEND, cell, finding, summary

_TEMPLATE = Path(__file__).with_name("verification_page.html.j2")
# First sign of a cell → its class in the page's style.
_CLASSES = {"ok": "ok", "✗": "bad", "?": "unknown", "!": "warns", "…": "none", "-": "none"}
_WORDS = {
    Outcome.HOLDS: "holds",
    Outcome.DIFFERS: "does not hold",
    Outcome.UNKNOWN: "could not be asked",
    Outcome.WARNS: "not for long",
}


def verification_page(report: Report, cluster: str, when: datetime) -> str:
    """The page's text. Everything that hosts have said is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    cells = {(host, topic): cell(report.of(host, topic)) for host in report.hosts for topic in report.topics}
    return (
        template.render(
            cluster=cluster,
            when=f"{when:%Y-%m-%d %H:%M} UTC",
            summary=summary(report),
            legend=LEGEND,
            topics=report.topics,
            report=report,
            cells=cells,
            classes={place: _CLASSES[text.split()[0]] for place, text in cells.items()},
            findings=[(verdict, list(finding(verdict))) for verdict in report.told],
            words=_WORDS,
        )
        + "\n"
    )
