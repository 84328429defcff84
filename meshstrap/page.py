"""``index.html`` on the disk: beside the nodes' folders, 0600 like what is in them, replaced whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

from meshstrap.errors import OutputRefused, WouldChange
from meshstrap.files import discard_files, is_staged, write_atomically

PAGE = "index.html"
MODE = 0o600


def write_page(root: Path, text: str, *, check: bool = False) -> str:
    """Make ``root/index.html`` this text, and say what became of it: created, changed or unchanged.

    ``check`` writes nothing and raises ``WouldChange``. ``OutputRefused``: it is not a plain file, or the disk refuses.
    """
    path = root / PAGE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        message = f"{path}: is not a plain file, and secrets are written to no other; move it away"
        raise OutputRefused(message)
    try:
        state = "created" if not path.exists() else "unchanged" if _is_as_written(path, text) else "changed"
        if check and state != "unchanged":
            message = f"{path}: would be {state}\n--check wrote nothing; `invoke render` without it does"
            raise WouldChange(message)
        if state != "unchanged":
            # What an interrupted run left behind holds secrets as well.
            discard_files(entry for entry in root.iterdir() if is_staged(entry.name) and entry.is_file())
            write_atomically(path, text, MODE)
    except OSError as error:
        what = "nothing was written" if check else "the nodes' files are written, and this page is as it was"
        message = f"{path}: {error.strerror}: {what}; mend it and render again before you copy from it"
        raise OutputRefused(message) from error
    return state


def _is_as_written(path: Path, text: str) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == MODE and path.read_bytes() == text.encode()
