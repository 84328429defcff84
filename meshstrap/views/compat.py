"""The compatibility profile on a screen: the table of what is known to collide, and one entry whole."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.table import Table

from meshstrap.compat import Collision, Rendered, warning
from meshstrap.compat.profile import ELSEWHERE, GUARDED, NOTED, OVERRIDDEN, WARNED
from meshstrap.errors import UnknownName
from meshstrap.plan.model import Plan
from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table, some_names

_STYLES = {OVERRIDDEN: "red", WARNED: "yellow", NOTED: "cyan"}
_MEANING = {
    GUARDED: "kept away by what is rendered",
    OVERRIDDEN: "no longer kept away: by a value of your own; said with every render",
    WARNED: "said with every render",
    NOTED: "nothing that is rendered can help; worth knowing",
    ELSEWHERE: "other versions or systems than yours",
}


def show_profile(screen: Screen, plan: Plan, *, everything: bool) -> None:
    """The collisions that concern the plan, or all that are known."""
    shown = [entry for entry in plan.collisions if everything or entry.state != ELSEWHERE]
    table = new_table("collision", "state", "between: what one sees")
    table.columns[0].no_wrap = True
    for entry in shown:
        sight = f"{', '.join(entry.affected)}: {entry.symptom}"
        table.add_row(entry.id, entry.state, sight, style=_STYLES.get(entry.state))
    screen.say(f"Known collisions, for {_versions(plan)}", style="bold")
    screen.show(table)
    screen.say()
    for state, meaning in _MEANING.items():
        number = sum(entry.state == state for entry in shown)
        if number:
            screen.say(f"{number} {state}: {meaning}")
    hidden = len(plan.collisions) - len(shown)
    if hidden:
        screen.say(f"{hidden} more concern {_MEANING[ELSEWHERE]}: `invoke compat --all`")
    screen.say("`invoke compat COLLISION` says what is rendered against one, which check proves it, and until when.")


def show_warnings(screen: Screen, plan: Plan) -> None:
    """What works, but with something that one should know before any machine exists."""
    for entry in plan.collisions:
        if entry.state in {OVERRIDDEN, WARNED}:
            screen.say(f"warning: {warning(entry)}\n", style="yellow")


def show_collision(screen: Screen, entry: Collision) -> None:
    """One collision with everything that is known of it."""
    screen.say(f"{entry.id}: {entry.state}", style="bold")
    rows = [
        ("between", ", ".join(entry.affected)),
        ("what one sees", entry.symptom),
        ("why", entry.why),
        ("what to do", entry.what_to_do),
        ("on", some_names(entry.nodes)),
        *(("rendered", _rendered(item)) for item in entry.rendered),
        ("proven by", entry.check),
        ("until", entry.until),
        *(("link", link) for link in entry.links),
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, text in rows:
        if text:
            table.add_row(label, text)
    screen.show(table)


def profile_json(plan: Plan) -> str:
    """Every collision with its state, for programs."""
    document = {"versions": vars(plan.versions), "collisions": [asdict(entry) for entry in plan.collisions]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def collision_named(plan: Plan, name: str) -> Collision:
    """The collision of that name. ``UnknownName`` when there is none."""
    known = {entry.id: entry for entry in plan.collisions}
    if name not in known:
        raise UnknownName("known collision", name, known)
    return known[name]


def _rendered(item: Rendered) -> str:
    place = f"{item.document} of the {item.role}" if item.role else item.document
    text = " / ".join(line.strip() for line in item.text.splitlines())
    if item.value:
        text = item.value if item.absent else f"{item.value}: {text}"
    return f"{place}: {'never ' if item.absent else ''}{text}"


def _versions(plan: Plan) -> str:
    names = {"kubernetes": "Kubernetes", "tailscale": "Tailscale", "cilium": "Cilium", "helm": "Helm"}
    versions = {name: version for name, version in vars(plan.versions).items() if name != "pause"}
    return ", ".join(f"{names.get(name, name.replace('_', '-'))} {version}" for name, version in versions.items())
