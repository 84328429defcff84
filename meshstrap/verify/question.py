"""What is asked of a host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A command of bash that only looks. ``codes``: exit codes that are answers; with any other it could not be asked.

    ``seconds``: after so many there is no answer.
    """

    name: str
    command: str
    codes: tuple[int, ...] = (0,)
    seconds: float = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Texts of files, owner and mode of files, file systems, and what commands say. Paths are the shell's patterns.

    No file of ``texts`` may hold a secret, and no command may print one: what might is reduced on the host.
    """

    texts: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    commands: tuple[Question, ...] = ()


def together(parts: Iterable[Asked]) -> Asked:
    """All of it at once, each path once."""
    every = tuple(parts)
    return Asked(
        texts=tuple(dict.fromkeys(path for one in every for path in one.texts)),
        modes=tuple(dict.fromkeys(path for one in every for path in one.modes)),
        places=tuple(dict.fromkeys(path for one in every for path in one.places)),
        commands=tuple(question for one in every for question in one.commands),
    )
