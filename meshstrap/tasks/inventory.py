"""``init``, ``plan``, ``policy`` and ``schema``: the inventory, and what follows from it."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path

from meshstrap.errors import OutputRefused, PolicyInvalid
from meshstrap.files import read_bounded, write_file
from meshstrap.inventory import json_schema, parse_inventory
from meshstrap.language import choose_language
from meshstrap.pipeline import load_plan
from meshstrap.tasks.asking import Answers, ask_for_the_rest, can_ask
from meshstrap.tasks.places import EXAMPLE, INVENTORY, find_inventory, own_ssh_key
from meshstrap.tasks.screen import TaskScreen
from meshstrap.views.json import plan_json
from meshstrap.views.policy import policy_difference, policy_text
from meshstrap.views.starter import parse_starter_node, starter_inventory
from meshstrap.views.tables import plan_sections

POLICY_BYTES = 1_000_000
"""Far above what people write: one of a hundred lines has about 5,000."""


def init(node: list[str], volume: list[str], inventory: str, name: str, login_server: str, ssh_key: str) -> None:
    """What ``init`` does."""
    screen = TaskScreen()
    path = Path(inventory) if inventory else INVENTORY
    if os.path.lexists(path):
        raise OutputRefused(
            f"{path}: is there already and was left alone; edit it, or name another file with --inventory"
        )
    nodes = [parse_starter_node(text) for text in node]
    if None in nodes:
        wrong = node[nodes.index(None)]
        raise OutputRefused(f"--node {wrong}: is not NAME:ROLE:ACCOUNT, like w1:worker:bob; nothing was written")
    key, key_file = own_ssh_key(ssh_key)
    answers = Answers(name=name, login_server=login_server, nodes=tuple(filter(None, nodes)), volumes=tuple(volume))
    text = starter(ask_for_the_rest(screen, answers) if can_ask() else answers, key)
    parse_inventory(text, f"{path} (not written)")
    write_file(path, text)
    if key_file:
        screen.say(f"{key_file}: taken as the key that you will give the cloud; it shares the user-data's size limit.")
    screen.say(f"{path}: written. Next: edit it, then `invoke render`.")


def starter(answers: Answers, key: str) -> str:
    """The text of an inventory with these answers. ``OutputRefused``: a free account has not enough for its nodes."""
    example, given = EXAMPLE.read_text(encoding="utf-8"), answers.machines
    try:
        return starter_inventory(
            example, name=answers.name, nodes=given, login_server=answers.login_server, ssh_key=key
        )
    except ValueError as error:
        raise OutputRefused(f"{error}; nothing was written") from error


def plan(inventory: str, output: str, json: bool) -> None:
    """What ``plan`` does."""
    screen, output = TaskScreen(), _file(output)
    derived = load_plan(find_inventory(inventory, None if json else screen))
    with screen.recorded(wanted=bool(output)) as record:
        if json:
            screen.say(plan_json(derived))
        else:
            for title, table in plan_sections(derived):
                screen.show(table, title)
            for warning in derived.warnings:
                screen.say(f"\nwarning: {warning}", style="yellow")
    if output:
        write_file(Path(output), record.getvalue())


def policy(inventory: str, beside: str, output: str, lang: str) -> None:
    """What ``policy`` does."""
    language = choose_language(lang, os.environ)
    screen, output = TaskScreen(), _file(output)
    derived = load_plan(find_inventory(inventory, screen if output or beside else None))
    if not derived.tags:
        raise PolicyInvalid(
            "tailnet.tags is empty: the nodes then belong to people, and no rule can name them; give them a tag"
        )
    if beside:
        found = policy_difference(derived, _text_of(Path(beside)), beside)
        screen.say(found or f"{beside}: has everything that {derived.name} needs.")
    elif output:
        write_file(Path(output), policy_text(derived, language))
        screen.say(f"{output}: written")
    else:
        screen.say(policy_text(derived, language).rstrip("\n"))


def _file(output: str) -> str:
    """``-`` is the terminal, as for most programs."""
    return "" if output == "-" else output


def _text_of(path: Path) -> str:
    try:
        data = read_bounded(path, POLICY_BYTES + 1, pipe=True)
        if len(data) > POLICY_BYTES:
            raise PolicyInvalid(f"{path}: is no policy: it has more than {POLICY_BYTES} bytes; nothing was compared")
        return data.decode()
    except OSError as error:
        raise PolicyInvalid(f"{path}: {error.strerror}; nothing was compared") from error
    except UnicodeDecodeError as error:
        raise PolicyInvalid(
            f"{path}: is no policy: byte {error.start + 1} is not UTF-8; nothing was compared"
        ) from error


def schema(output: str) -> None:
    """What ``schema`` does."""
    screen, text = TaskScreen(), json_module.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    path = Path(output or "cluster.schema.json")
    if output == "-":
        screen.say(text.rstrip("\n"))
    elif _has(path, text):
        screen.say(f"{path}: unchanged")
    else:
        write_file(path, text)
        screen.say(f"{path}: written")


def _has(path: Path, text: str) -> bool:
    try:
        return read_bounded(path, 2 * len(text.encode())) == text.encode()
    except OSError:
        return False
