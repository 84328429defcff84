"""One way to break each fact, in the answers of a host: what is changed, and what the check has to say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshstrap.verify.verdict import Outcome

Raw = dict[str, Any]
Change = Callable[[Raw], None]

CONTROL_PLANE, WORKER = "cp1", "w1"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change of a host's answers, the check that has to see it and no other one, and words of what it found."""

    check: str
    change: Change
    found: str
    host: str = CONTROL_PLANE
    outcome: Outcome = Outcome.DIFFERS

    def __str__(self) -> str:
        return f"{self.check.partition('.')[2]}-{self.found[:30]}"


def fault(topic: str, test: str, change: Change, found: str, host: str = CONTROL_PLANE) -> Fault:
    """A fault in the words of the table."""
    check = f"{topic}.{test.replace(' ', '_')}"
    return Fault(check=check, change=change, found=found, host=host)


def warning(test: str, change: Change, found: str, host: str = CONTROL_PLANE, topic: str = "lifetimes") -> Fault:
    """What holds, but not for long."""
    made = fault(topic, test, change, found, host)
    return Fault(check=made.check, change=change, found=found, host=host, outcome=Outcome.WARNS)


def replace(where: dict[str, Any], key: str, old: str, new: str) -> None:
    """Change a text that has to be there."""
    assert old in where[key], f"{old!r} is not in {where[key]!r}"
    where[key] = where[key].replace(old, new)


def text(path: str, old: str, new: str) -> Change:
    """Other words in a file."""
    return lambda raw: replace(raw["texts"][path], "text", old, new)


def put(path: str, content: str) -> Change:
    """A file with another content, or a file more."""
    return lambda raw: raw["texts"].update({path: {"text": content, "changed": 0.0}})


def touch(path: str, seconds: float) -> Change:
    """A file that was changed at another time."""
    return lambda raw: raw["texts"][path].update(changed=seconds)


def drop(kind: str, path: str) -> Change:
    """A file that is not there."""
    return lambda raw: raw[kind].pop(path)


def out(name: str, old: str, new: str) -> Change:
    """Other words in what a command prints."""
    return lambda raw: replace(raw["commands"][name], "out", old, new)


def says(name: str, content: str, code: int = 0, err: str = "") -> Change:
    """A command that says something else."""
    return lambda raw: raw["commands"].update({name: {"code": code, "out": content, "err": err}})


def data(name: str, change: Callable[[Any], object]) -> Change:
    """Another value in the JSON that a command prints."""

    def edit(raw: Raw) -> None:
        told = json.loads(raw["commands"][name]["out"])
        change(told)
        raw["commands"][name]["out"] = json.dumps(told)

    return edit


def mode(path: str, **settings: Any) -> Change:
    """Another owner or mode, or a file more."""
    plain = {"mode": "0600", "owner": "root", "kind": "file", "bytes": 10}
    return lambda raw: raw["modes"].update({path: raw["modes"].get(path, plain) | settings})


def place(path: str, **settings: Any) -> Change:
    """Another file system."""
    return lambda raw: raw["places"].update({path: raw["places"][path] | settings})


def unit(name: str, setting: str, value: str) -> Change:
    """Another word of systemd on a unit."""

    def edit(raw: Raw) -> None:
        blocks = raw["commands"]["units"]["out"].split("\n\n")
        number = next(number for number, block in enumerate(blocks) if f"Id={name}.service" in block)
        lines = [line for line in blocks[number].splitlines() if not line.startswith(f"{setting}=")]
        blocks[number] = "\n".join([*lines, f"{setting}={value}"])
        raw["commands"]["units"]["out"] = "\n\n".join(blocks)

    return edit


def status(**settings: str) -> Change:
    """Another word of the node on itself."""

    def edit(raw: Raw) -> None:
        path = "/var/lib/meshstrap/status.json"
        raw["texts"][path]["text"] = json.dumps(json.loads(raw["texts"][path]["text"]) | settings)

    return edit
