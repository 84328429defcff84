"""The installed command ``meshstrap``: Ctrl-C ends it without a trace while Python still reads the program."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the tasks that the command line names."""
    # A task hears Ctrl-C by itself (meshstrap/tasks/people.py). A shell that runs this in the background ignores it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from meshstrap.tasks.program import run  # noqa: PLC0415 - that is the reading

    run()
