"""``explain``, ``compat`` and ``graph``: why the cluster is as it is."""

from __future__ import annotations

import os
from pathlib import Path

from meshstrap.decisions import decision
from meshstrap.errors import UnknownName
from meshstrap.files import write_folder
from meshstrap.language import choose_language
from meshstrap.pipeline import load_plan
from meshstrap.plan.figures import derive_figures
from meshstrap.tasks.places import find_inventory, plan_to_explain
from meshstrap.tasks.screen import TaskScreen
from meshstrap.views.compat import collision_named, profile_json, show_collision, show_profile
from meshstrap.views.explain import show_decision, show_way
from meshstrap.views.pictures import PICTURES, mermaid_picture, picture_files, pictures_markdown, svg_picture


def explain(topic: str | None, inventory: str, lang: str) -> None:
    """What ``explain`` does."""
    screen, language = TaskScreen(), choose_language(lang, os.environ)
    wanted = decision(topic) if topic else None
    figures = derive_figures(plan_to_explain(screen, inventory))
    if wanted:
        show_decision(screen, wanted, language, figures)
    else:
        show_way(screen, language, figures)


def compat(collision: str | None, inventory: str, all_: bool, json: bool) -> None:
    """What ``compat`` does."""
    screen = TaskScreen()
    derived = load_plan(find_inventory(inventory, None if json else screen))
    if json:
        screen.say(profile_json(derived))
    elif collision:
        show_collision(screen, collision_named(derived, collision))
    else:
        show_profile(screen, derived, everything=all_)


def graph(picture: str | None, inventory: str, svg: bool, lang: str, output: str) -> None:
    """What ``graph`` does."""
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
