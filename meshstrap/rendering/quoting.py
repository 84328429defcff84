"""The only way from a value into a text that a machine runs or reads: through a filter that quotes it.

Templates cannot write a value down unquoted: Jinja's ``finalize`` hook sees every expression and refuses whatever is
not :class:`Quoted`. So no name, however it is spelt, ends a string or begins a command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jinja2
from netaddr import IPAddress, IPNetwork

from meshstrap.errors import RenderFailed
from meshstrap.rendering.yaml_text import yaml_scalar

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
# What no unit file, shell or iptables rule reads as anything but itself: no quotes, no $, no %, no backslash.
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@+=~-]+")
_TOML_ESCAPES = {chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | {'"': '\\"', "\\": "\\\\"}


class Quoted(str):
    """Text that is safe where it stands. Made by the filters below and by nothing else."""

    __slots__ = ()


def sh(value: object) -> Quoted:
    """One word of bash. Takes text, whole numbers, flags and addresses; ``TypeError`` for anything else."""
    return Quoted(shlex.quote(_text(value)))


def sh_array(values: Iterable[object]) -> Quoted:
    """A bash array with one word for each value."""
    if isinstance(values, (str, bytes)):
        raise TypeError("a text is not a list; use | sh")
    return Quoted("(" + " ".join(shlex.quote(_text(value)) for value in values) + ")")


def sh_name(value: object) -> Quoted:
    """The name of a bash variable, in capitals."""
    text = _text(value)
    if not _NAME.fullmatch(text):
        raise TypeError(f"{text!r} is not the name of a variable")
    return Quoted(text)


def yaml(value: object) -> Quoted:
    """One scalar of YAML, on one line."""
    return Quoted(yaml_scalar(value if isinstance(value, (bool, int)) else _text(value)))


def toml(value: object) -> Quoted:
    """One text of TOML: a basic string on one line."""
    return Quoted('"' + "".join(_TOML_ESCAPES.get(character, character) for character in _text(value)) + '"')


def plain(value: object) -> Quoted:
    """A word where nothing can be quoted (systemd units, firewall rules). ``TypeError`` if it would have to be."""
    text = _text(value)
    if not _PLAIN.fullmatch(text):
        raise TypeError(f"{text!r} would need quotes here, and there are none")
    return Quoted(text)


def line(value: object) -> Quoted:
    """The rest of a line (package repositories): any visible text that stays on the line and has no space around it."""
    text = _text(value)
    if not text.isprintable() or text != text.strip() or not text:
        raise TypeError(f"{text!r} is not one line of visible text")
    return Quoted(text)


def _text(value: object) -> str:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the error that names what is not defined
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, IPAddress, IPNetwork)):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"a value of type {type(value).__name__} has no text form here")
    if "\0" in value:
        raise TypeError("a NUL byte fits into no text")
    return str(value)


def only_quoted(value: object) -> Quoted:
    """Refuse what did not pass a filter (``TypeError``); what is not defined raises its own error first."""
    if isinstance(value, jinja2.Undefined):
        str(value)
    if not isinstance(value, Quoted):
        raise TypeError(f"{value!r} is not quoted; it needs a filter: | " + ", | ".join(FILTERS))
    return value


FILTERS: dict[str, Callable[[Any], Quoted]] = {
    "sh": sh,
    "sh_array": sh_array,
    "sh_name": sh_name,
    "yaml": yaml,
    "toml": toml,
    "plain": plain,
    "line": line,
}
"""All filters that a template may use: Jinja's own are not among them."""


def make_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Jinja as all templates use it: strict about names, and no output without a filter."""
    environment = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        finalize=only_quoted,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - the output is no HTML, and `finalize` refuses what is not quoted
    )
    environment.filters.clear()
    environment.filters.update(FILTERS)
    return environment


def render_template(environment: jinja2.Environment, name: str, values: Mapping[str, Any]) -> str:
    """One template with its values. ``RenderFailed`` names the template and what is wrong with which value."""
    try:
        return environment.get_template(name).render(values)
    except (jinja2.TemplateError, TypeError) as error:
        place = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise RenderFailed(f"{name}{place}: {error}") from error
