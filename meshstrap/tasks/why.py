"""``explain``, ``compat`` and ``graph``: why the cluster is as it is."""

from __future__ import annotations

import os
from pathlib import Path

from invoke.context import Context

from meshstrap.decisions import decision
from meshstrap.errors import UnknownName
from meshstrap.files import write_folder
from meshstrap.language import choose_language
from meshstrap.pipeline import load_plan
from meshstrap.plan.figures import derive_figures
from meshstrap.tasks.command import TaskScreen
from meshstrap.tasks.people import people_task
from meshstrap.tasks.places import find_inventory, plan_to_explain
from meshstrap.views.compat import collision_named, profile_json, show_collision, show_profile
from meshstrap.views.explain import show_decision, show_way
from meshstrap.views.pictures import PICTURES, mermaid_picture, picture_files, pictures_markdown, svg_picture


@people_task(
    word="topic",
    topic="the decision to explain; without one, the way to all of them",
    lang="en or ko; without it the language of your locale",
)
def explain(context: Context, topic: str | None = None, inventory: str = "", lang: str = "") -> None:
    """Say why the cluster is built as it is, or explain one TOPIC."""
    screen, language = TaskScreen(), choose_language(lang, os.environ)
    wanted = decision(topic) if topic else None
    figures = derive_figures(plan_to_explain(screen, inventory))
    if wanted:
        show_decision(screen, wanted, language, figures)
    else:
        show_way(screen, language, figures)


@people_task(
    word="collision",
    collision="the one to show whole; without it the table",
    all_="also those that concern other versions and systems",
    json="as JSON, for programs",
)
def compat(
    context: Context, collision: str | None = None, inventory: str = "", all_: bool = False, json: bool = False
) -> None:
    """Show known collisions of these versions, and what keeps them away."""
    screen = TaskScreen()
    derived = load_plan(find_inventory(inventory, None if json else screen))
    if json:
        screen.say(profile_json(derived))
    elif collision:
        show_collision(screen, collision_named(derived, collision))
    else:
        show_profile(screen, derived, everything=all_)


@people_task(
    word="picture",
    picture="topology, packet or boot; without it all of them, as Markdown",
    svg="that picture as SVG, for people",
    lang="en or ko; without it the language of your locale",
    output="a folder to write every picture to, as Mermaid and as SVG; without it the terminal",
)
def graph(
    context: Context,
    picture: str | None = None,
    inventory: str = "",
    svg: bool = False,
    lang: str = "",
    output: str = "",
) -> None:
    """Draw accounts and nodes, a packet's way and the boot order; or one PICTURE."""
    if (picture or svg) and picture not in PICTURES:
        raise UnknownName("picture", picture or "", PICTURES)
    language = choose_language(lang, os.environ)
    screen = TaskScreen()
    derived = load_plan(find_inventory(inventory, screen if output else None))
    if output:
        files = picture_files(derived, language)
        write_folder(Path(output), files)
        screen.say(f"{output}: {', '.join(files)} written")
    elif picture:
        draw = svg_picture if svg else mermaid_picture
        screen.say(draw(derived, picture, language).rstrip("\n"))
    else:
        screen.say(pictures_markdown(derived, language).rstrip("\n"))
