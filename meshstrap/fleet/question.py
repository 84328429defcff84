"""One question to a host."""

from __future__ import annotations

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
