"""``generated/index.html``: all that a person does by hand, in one file that asks nothing of any server.

Everything in it is escaped by Jinja; the content security policy allows the page's own style and script, by their
hashes, and nothing else: no request, no other script, no style that came in with a name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from meshstrap.language import LANGUAGES
from meshstrap.plan.model import Plan
from meshstrap.steps import step_named
from meshstrap.views.page.before import before
from meshstrap.views.page.costs import costs
from meshstrap.views.page.model import (
    SERIAL,
    PageNode,
    by_account,
    code_command,
    pytest_command,
    status_commands,
)
from meshstrap.views.pictures import PICTURES, dark_rules, picture_caption, svg_picture
from meshstrap.views.words import in_every_language, say_html

_FOLDER = Path(__file__).parent


def render_page(plan: Plan, nodes: Sequence[PageNode], *, limit: int, secret: bool, code: str) -> str:
    """The page for these nodes. ``limit``: bytes of metadata that the cloud takes; ``secret``: user-data is in it.

    ``code``: the file that the nodes fetch; empty when they fetch none.
    """
    style, script = _style(), _read("page.js")
    accounts = by_account(plan, nodes)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            plan=plan,
            accounts=accounts,
            before=before(plan, accounts),
            limit=limit,
            code=code,
            code_command=code_command(plan, code),
            notice="secret" if secret else "public",
            costs=costs(plan),
            pictures=[_picture(plan, name) for name in PICTURES],
            status_commands=status_commands(plan),
            serial=SERIAL,
            pytest_command=pytest_command(plan),
            style=Markup(style),  # noqa: S704 - written by us, not by an inventory
            script=Markup(script),  # noqa: S704 - the same
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=_text, holds=_holds)
    return environment


def _text(key: str, **values: object) -> Markup:
    return say_html("page", key, **values)


@cache
def _holds(step: str) -> Markup:
    """What holds after a step."""
    known = step_named(step)
    return in_every_language({language: escape(known.holds.of(language)) for language in LANGUAGES})


def _picture(plan: Plan, name: str) -> dict[str, Markup]:
    captions = {language: picture_caption(plan, name, language) for language in LANGUAGES}
    drawings = {
        language: Markup(svg_picture(plan, name, language, alone=False))  # noqa: S704 - its writer escapes names
        for language in LANGUAGES
    }
    return {
        "name": escape(name),
        "drawing": in_every_language(drawings),
        "title": in_every_language({language: escape(title) for language, (title, _) in captions.items()}),
        "text": in_every_language({language: escape(text) for language, (_, text) in captions.items()}),
    }


@cache
def _style() -> str:
    return _read("page.css") + dark_rules()


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names what it allows (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


__all__ = ["PageNode", "render_page"]
