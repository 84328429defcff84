"""What each fault makes a node say of itself, as ``--status`` prints it: read by a person once, and kept.

One file a fault. ``--update-golden`` writes it; whoever runs that reads the difference as somebody would who knows
nothing but these lines, and asks whether they name the reason and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

KeptStatus: TypeAlias = Callable[[str, Mapping[str, Any]], None]

FOLDER = Path(__file__).with_name("statuses")

CHANGING = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:\+0000|UTC)", "TIME"),
    (r"(?<=invalid for another )[^)]+", "SPAN"),
    (r"\btry \d+", "try N"),
    # What is before and behind the step is another list whenever a step comes or goes.
    (r"(?m)^(?:ok|changed|pending) .* \d+ s\n", ""),
    (r"(?m) \d+ s$", " N s"),
    (r"\[\d+\](?=:)", "[PID]"),
    (r"(?<=held: )(\S+ \S+) \d+", r"\1 PID"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "ADDRESS"),
    (r"/dev/loop\d+", "/dev/loopN"),
    # How many there are and which, and where the message is cut off within them.
    (r"(?<=Hashes of expected file:).*", " HASHES"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\d+ of \d+ bytes", "N of M bytes"),
    (r"\b[0-9A-F]{40}\b", "FINGERPRINT"),
    (r"\b[0-9A-Fa-f]{16}\b", "KEY"),
    (r"\b[0-9a-f]{8}\b(?=: )", "KEY"),
)
"""What is another one in each run or after each change of the code, and the word for it."""


def steady(text: str) -> str:
    """The text without what changes from run to run."""
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text


def shown(status: Mapping[str, Any]) -> str:
    """A status.json as ``--status`` prints it (scripts/main.sh, which a test holds this to)."""
    lines = ["{node} ({role}): {state}, try {tries}, {updated}".format(**status), "{step}: {message}".format(**status)]
    lines += [f"what to do: {status['next']}"] if status["next"] else []
    lines += [": ".join(fact) for fact in status["facts"].items()]
    lines += ["{state:8} {name} {seconds} s".format(**step) for step in status["steps"]]
    return "\n".join(lines) + "\n"


def hold(fault: str, status: Mapping[str, Any], *, update: bool) -> None:
    """Compare what a node says under a fault with what was read and kept, or keep it."""
    file, said = FOLDER / f"{fault}.txt", steady(shown(status))
    if update:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(said, encoding="utf-8")
    way = "`nox -s lab -- --update-golden` with this test's file writes it; read it before you commit it"
    assert file.is_file(), f"{file.name} is not kept yet: {way}"
    assert said == file.read_text(encoding="utf-8"), f"{file.name} says something else now: {way}"
