"""Where tasks speak."""

from __future__ import annotations

import io
import sys

from meshstrap.tasks.command import in_this_program
from meshstrap.views.screen import Screen


class TaskScreen(Screen):
    """Where tasks speak, in the words of the program that runs.

    Of an output without UTF-8 what it cannot say is a question mark, not the end of the task.
    """

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        super().__init__()

    def spoken(self, text: str) -> str:
        """With the commands as they are typed here."""
        return in_this_program(text)
