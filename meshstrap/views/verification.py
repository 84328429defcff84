"""What a verification says at its end: who gave no answers, host by topic, each failed fact, and the sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from meshstrap.verify.arrival import ANSWERS, HAS_CONVERGED, KNOWN_NODE
from meshstrap.verify.verdict import Outcome, Report, Verdict
from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table

# Checks that are said in one line above the table, since everything else follows from them.
_FIRST = (ANSWERS, KNOWN_NODE, HAS_CONVERGED)
_STYLES = {"ok": "green", "✗": "bold red", "?": "yellow", "!": "yellow", "…": "dim", "-": "dim"}
LEGEND = (
    "ok: all hold · ✗ 2: two do not · ? 1: one could not be asked · ! 1: one will not hold for long · …: not yet · "
    "-: no question for this host"
)


def show_verification(screen: Screen, report: Report) -> None:
    """Print all of it."""
    first = [verdict for verdict in report.bad if verdict.check in _FIRST]
    for verdict in first:
        may_come = verdict.check == HAS_CONVERGED or verdict.outcome is Outcome.UNKNOWN
        screen.say(f"{verdict.host}: {verdict.found}", style="yellow" if may_come else "red")
    if first:
        screen.say()
    table = verification_table(report)
    # A terminal that is too narrow for all topics side by side has them below each other.
    screen.show(table if screen.fits(table) else verification_table(report, narrow=True))
    screen.say(LEGEND, style="dim")
    for verdict in report.told:
        if verdict not in first:
            show_finding(screen, verdict)
    for verdict in report.verdicts:
        if verdict.measured:
            screen.say(f"\n{verdict.host} · {verdict.topic} · {verdict.title}", style="bold")
            screen.say("\n".join(f"  {figure}" for figure in verdict.measured.split("; ")))
    screen.say(f"\n{summary(report)}", style="bold")


def verification_table(report: Report, *, narrow: bool = False) -> Table:
    """One row a host and one column a topic; ``narrow``: the other way round."""
    topics = [topic.replace("_", " ") for topic in report.topics]
    rows = [[cell(report.of(host, topic)) for topic in report.topics] for host in report.hosts]
    hosts = list(report.hosts)
    corner, heads, names = ("topic", hosts, topics) if narrow else ("host", topics, hosts)
    table = new_table(corner, *heads)
    for name, texts in zip(names, zip(*rows, strict=True) if narrow else rows, strict=True):
        table.add_row(name, *(Text(text, style=_STYLES[text.split()[0]]) for text in texts))
    return table


def cell(verdicts: Sequence[Verdict]) -> str:
    """What became of one topic on one host, in a few characters."""
    counts = {outcome: sum(one.outcome is outcome for one in verdicts) for outcome in Outcome}
    words = [f"✗ {counts[Outcome.DIFFERS]}"] if counts[Outcome.DIFFERS] else []
    words += [f"? {counts[Outcome.UNKNOWN]}"] if counts[Outcome.UNKNOWN] else []
    words += [f"! {counts[Outcome.WARNS]}"] if counts[Outcome.WARNS] else []
    if words:
        return " ".join(words)
    if any(is_pending(one) for one in verdicts):
        return "ok …" if counts[Outcome.HOLDS] else "…"
    return "ok" if counts[Outcome.HOLDS] else "-"


def is_pending(verdict: Verdict) -> bool:
    """Whether a check is no question yet, because the node has not come so far."""
    return verdict.outcome is Outcome.SKIPPED and verdict.found.startswith("not yet")


def show_finding(screen: Screen, verdict: Verdict) -> None:
    """One fact that does not hold, or not for long, or that could not be asked."""
    screen.say(f"\n{verdict.host} · {verdict.topic} · {verdict.title}", style="bold")
    for name, text in finding(verdict):
        screen.say(f"  {name:<11} {text}")


def finding(verdict: Verdict) -> Iterable[tuple[str, str]]:
    """What is said of one: expected, found or why not known, because of what, what to do."""
    yield "expected", verdict.expected
    yield ("cannot tell" if verdict.outcome is Outcome.UNKNOWN else "found"), verdict.found
    yield "because", verdict.why + (f" ({verdict.source})" if verdict.source else "")
    yield "what to do", verdict.fix


def summary(report: Report) -> str:
    """The sum in one sentence."""
    counts = {outcome: report.count(outcome) for outcome in Outcome}
    pending = sum(is_pending(one) for one in report.verdicts)
    words = [
        f"{len(report.hosts)} host{'' if len(report.hosts) == 1 else 's'}: {counts[Outcome.HOLDS]} facts hold",
        f"{counts[Outcome.DIFFERS]} do not",
        f"{counts[Outcome.UNKNOWN]} could not be asked",
        *([f"{counts[Outcome.WARNS]} not for long"] if counts[Outcome.WARNS] else []),
        *([f"{pending} are not reached yet"] if pending else []),
    ]
    end = "Not all could be asked" if report.bad else "All as planned"
    return f"{', '.join(words)}. {'Not as planned' if counts[Outcome.DIFFERS] else end}."
