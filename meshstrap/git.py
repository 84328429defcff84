"""What git would take: files with secrets stay out of it.

No git on this machine and a folder that is in no repository are both fine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from meshstrap.errors import KnownToGit

# gitignore(5): these mean something in a pattern.
_PATTERN_CHARACTERS = re.compile(r"([*?\[\]\\!# ])")
_NOTE = "# hold secrets of meshstrap"


def refuse_tracked(path: Path, names: Sequence[str] = ()) -> None:
    """``KnownToGit``: git tracks the file, or one of these files below the folder."""
    folder, names = _place(path, names)
    tracked = _git(folder, "--literal-pathspecs", "ls-files", "-z", "--", *names).split("\0")[:-1]
    if tracked:
        message = (
            f"{path}: git tracks {', '.join(tracked)}, which holds secrets. Take it out with "
            f"`git rm -r --cached {path}`, and count what was committed as known to others: revoke "
            "the auth keys, and make new tokens with `invoke secrets --renew NODE`"
        )
        raise KnownToGit(message)


def keep_from_git(path: Path, names: Sequence[str] = ()) -> Path | None:
    """Let git ignore the file, or these files below the folder: where that was written, ``None`` if it does already.

    It is written to the clone's own ``info/exclude``, which changes no file of the person's. ``KnownToGit``: git tracks
    one of them, or would take it whatever is written there.
    """
    refuse_tracked(path, names)
    folder, names = _place(path, names)
    taken = _taken(folder, names)
    if not taken:
        return None
    place = (folder / _git(folder, "rev-parse", "--git-path", "info/exclude").rstrip("\n")).resolve()
    try:
        _exclude(place, _git(folder, "rev-parse", "--show-prefix").rstrip("\n"), taken)
    except OSError as error:
        message = f"{path}: git would take it, secrets and all, and {place} cannot be written: {error.strerror}"
        raise KnownToGit(message) from error
    if _taken(folder, names):
        message = (
            f"{path}: git would take it, secrets and all: a line of a .gitignore that begins with ! says so. "
            "Remove that line, or choose another place"
        )
        raise KnownToGit(message)
    return place


def _place(path: Path, names: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The folder in which git is asked, and for what. Of a symbolic link git takes the link, not what it leads to."""
    # Path.resolve() of Python 3.11 raises a RuntimeError of its own for a link that leads to itself.
    path = Path(os.path.realpath(path))
    return (path, names) if names else (path.parent, [path.name])


def _taken(folder: Path, names: Sequence[str]) -> set[str]:
    if _git(folder, "rev-parse", "--is-inside-work-tree").strip() != "true":
        return set()
    ignored = _git(folder, "check-ignore", "-z", "--stdin", asked="\0".join(names))
    return set(names) - set(ignored.split("\0"))


def _exclude(place: Path, prefix: str, names: Iterable[str]) -> None:
    """A pattern for each file or its folder. gitignore(5): one with a slash counts from the top of the work tree."""
    entries = sorted({f"/{prefix}{name.partition('/')[0]}" for name in names})
    place.parent.mkdir(exist_ok=True)
    with place.open("a", encoding="utf-8") as file:
        file.write("\n".join(["", _NOTE, *(_PATTERN_CHARACTERS.sub(r"\\\1", entry) for entry in entries), ""]))


def _git(folder: Path, *words: str, asked: str = "") -> str:
    """What git says; nothing where there is no git, no folder or no repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(folder), *words]
    return subprocess.run(
        command, input=asked, capture_output=True, check=False, encoding="utf-8", errors="replace"
    ).stdout
