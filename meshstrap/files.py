"""Files read at once, and written whole or not at all: staged beside their place, flushed to the disk, then renamed.

Nothing half-written is ever visible under a final name. What an interrupted run leaves behind is a staged file,
whose name says so; the next run removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from meshstrap.errors import OutputRefused

STAGED_PREFIX = ".meshstrap-"
STAGED_SUFFIX = ".new"
# Above this many files one sync(2) of everything is quicker than an fsync(2) of each (about 5 ms on a small disk).
SYNC_AT_ONCE = 200
SHARED_FILE_MODE = 0o644
PIPE_SECONDS = 1
"""How long a pipe may be without a program that writes into it: a shell's ``<(command)`` has one from the start."""
_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_EXHAUSTED = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EAGAIN,
}


@contextmanager
def alone_in(folder: Path, waits: Callable[[], object]) -> Iterator[None]:
    """One run at a time of those that write into the folder; ``waits`` is called before it waits for another one.

    The lock is the folder's own (flock(2)), so nothing of it is left behind, however a run ends. A folder that is not
    there or cannot be read, and a file system without locks, have none.
    """
    handle = -1
    try:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waits()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def refuse_no_file(path: Path, *, pipe: bool = False) -> None:
    """``OSError`` for what is there and is no file, nor a ``pipe`` where that will do; what is missing as it comes.

    A pipe or a terminal may keep its reader waiting for ever, /dev/zero never ends, and the mere opening of some
    devices does something.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or (pipe and stat.S_ISFIFO(mode))):
        raise OSError(errno.EINVAL, f"it is a {_KINDS.get(stat.S_IFMT(mode), 'special file')}, and a file is asked for")


def read_bounded(path: Path, most: int, *, pipe: bool = False) -> bytes:
    """The first ``most`` bytes of a file, or of a ``pipe`` where that will do. ``OSError`` as for `refuse_no_file`."""
    refuse_no_file(path, pipe=pipe)
    # Only with O_NONBLOCK is a pipe opened that nobody writes into.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        first = _begins(handle) if stat.S_ISFIFO(os.fstat(handle).st_mode) else b""
        os.set_blocking(handle, True)
        return first + file.read(most - len(first))


def _begins(pipe: int) -> bytes:
    """The first byte of a pipe, or nothing while its writer is about to say something. ``OSError``: nothing comes."""
    look = select.poll()
    look.register(pipe, select.POLLIN)
    look.poll(PIPE_SECONDS * 1000)
    try:
        first = os.read(pipe, 1)
    except BlockingIOError:
        return b""
    if not first:
        raise OSError(errno.EPIPE, "it is a pipe, and nothing comes out of it")
    return first


def is_staged(name: str) -> bool:
    """Whether a file of that name or path is what an interrupted run left behind."""
    name = name.rpartition("/")[2]
    return name.startswith(STAGED_PREFIX) and name.endswith(STAGED_SUFFIX)


def is_exhaustion(error: OSError) -> bool:
    """Whether this machine has run out of something, or its disk takes nothing: a fact of the world, and no bug."""
    return error.errno in _EXHAUSTED or "No usable temporary directory" in str(error)


def blamed(error: OSError) -> str | None:
    """The path that an error is about, as people know it: of a rename the place, of a staged file its folder."""
    path = error.filename2 or error.filename
    return str(Path(path).parent if is_staged(str(path)) else path) if path else None


def stage_file(folder: Path, text: str, name: str = "") -> Path:
    """Write a text to a new file in the folder, readable by its owner alone (0600). ``OSError`` as it comes.

    ``name``: of the file whose place it is to take, by which :func:`discard_leftovers` knows it.
    """
    handle, place = tempfile.mkstemp(prefix=_staged_prefix(name), suffix=STAGED_SUFFIX, dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except BaseException:
        discard_files([Path(place)])
        raise
    return Path(place)


def _staged_prefix(name: str) -> str:
    # A file system takes 255 bytes, and a letter may have four.
    return f"{STAGED_PREFIX}{name[:40]}-"


def stage_folder(parent: Path) -> Path:
    """Make a new folder of its owner alone (0700), to be filled and then renamed. ``OSError`` as it comes."""
    return Path(tempfile.mkdtemp(prefix=STAGED_PREFIX, suffix=STAGED_SUFFIX, dir=parent))


def flush_files(paths: Iterable[Path]) -> None:
    """Bring the files' content to the disk: a rename may otherwise survive a power cut that the content does not."""
    paths = tuple(paths)
    if len(paths) > SYNC_AT_ONCE and hasattr(os, "sync"):
        os.sync()
        return
    for path in paths:
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def discard_files(paths: Iterable[Path]) -> None:
    """Remove staged files that were not put in place."""
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()


def discard_leftovers(path: Path) -> None:
    """Remove what an interrupted run has staged for a file. Only where nobody else writes it at the same time."""
    staged = _staged_prefix(path.name)
    discard_files(one for one in path.parent.iterdir() if one.name.startswith(staged) and is_staged(one.name))


def discard_folders(paths: Iterable[Path]) -> None:
    """Remove staged folders that were not put in place, with what is in them."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace one file by a text. ``OSError`` as it comes; the old file is then still whole."""
    staged = stage_file(path.parent, text, path.name)
    try:
        staged.chmod(mode)
        flush_files([staged])
        staged.replace(path)
    finally:
        discard_files([staged])


def write_file(path: Path, text: str) -> None:
    """Write one file that a person asked for, without a secret in it. ``OutputRefused`` when it cannot be."""
    try:
        with suppress(FileNotFoundError):
            refuse_no_file(path)
        # A symbolic link stays one.
        write_atomically(Path(os.path.realpath(path)), text, SHARED_FILE_MODE)
    except OSError as error:
        message = f"{path}: {error.strerror}: nothing was written"
        raise OutputRefused(message) from error


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files that a person asked for into a folder, which is made. ``OutputRefused`` when it cannot be."""
    try:
        if folder.is_file():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file, and a folder is asked for")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: {error.strerror}: nothing was written"
        raise OutputRefused(message) from error
    for name, text in texts.items():
        write_file(folder / name, text)
