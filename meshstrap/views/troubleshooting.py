"""The page *symptom, check, cause, fix*, made from the checks' own texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshstrap.fleet.check import Check, sentence
from meshstrap.fleet.verdict import TOPICS
from meshstrap.plan.model import Fact

_HEAD = """\
# Symptom, check, cause, fix

What `invoke verify` asks of every host, and what to do where it is not so. Made from the checks' own texts: after a
change of one, `nox -s update-golden` writes this page anew. A check alone:
`pytest --hosts=ssh://ubuntu@cp1 -k test_the_node_is_ready`.

Commands run on the host that is named in the report. `NODE`, `FILE`, `ID` and `TAG` are yours to fill in.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One check with the fact that it is about. ``test``: its name, ``test_the_node_is_ready``."""

    topic: str
    test: str
    check: Check
    fact: Fact


def troubleshooting_markdown(entries: Iterable[Entry]) -> str:
    """The page: one table a topic, in the order of the report."""
    found = list(entries)
    parts = [_HEAD]
    for topic in TOPICS:
        rows = "".join(_row(entry) for entry in found if entry.topic == topic)
        parts.append(
            f"## {topic.replace('_', ' ')}\n\n| what one sees | check | cause | what to do |\n|---|---|---|---|\n{rows}"
        )
    return "\n".join(parts)


def _row(entry: Entry) -> str:
    source = entry.fact.source
    cause = entry.fact.why + (f" ([source]({source}))" if source.startswith("https://") else f" ({source})")
    cells = (entry.check.symptom, f"**{sentence(entry.test)}**: {entry.fact.value}", cause, entry.check.fix_for(()))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
