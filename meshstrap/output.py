"""What a render leaves on the disk: one folder per node, complete or as it was, and never a folder that is not ours."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from meshstrap.errors import OutputRefused, WouldChange
from meshstrap.files import (
    blamed,
    discard_files,
    discard_folders,
    flush_files,
    is_staged,
    read_bounded,
    stage_file,
    stage_folder,
)

MANIFEST = "manifest.json"
MANIFEST_BYTES = 1_000_000  # some 30 files, 100 bytes each, and far more
MARKER = "meshstrap render"
FOLDER_MODE = 0o700
FILE_MODE = 0o600


@dataclass(frozen=True, kw_only=True)
class Report:
    """Node names by what became of their folders; ``files`` are those written or removed, as ``node/file``."""

    unchanged: tuple[str, ...]
    changed: tuple[str, ...]
    created: tuple[str, ...]
    stale: tuple[str, ...]
    removed: tuple[str, ...]
    files: tuple[str, ...]

    def __str__(self) -> str:
        states = ("created", "changed", "unchanged", "removed", "stale")
        return ", ".join(f"{len(getattr(self, state))} {state}" for state in states if getattr(self, state))

    def state(self, node: str) -> str:
        """One word for the table."""
        states = ("unchanged", "changed", "created", "stale", "removed")
        return next(state for state in states if node in getattr(self, state))


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """One node's folder: what is to be written and removed in it."""

    path: Path
    exists: bool
    write: Mapping[str, str]
    remove: tuple[str, ...]

    @property
    def node(self) -> str:
        return self.path.name

    @property
    def differs(self) -> bool:
        return bool(self.write or self.remove) or not self.exists


def write_generated(root: Path, files: Mapping[str, str], *, check: bool = False, prune: bool = False) -> Report:
    """Make ``root`` hold these files (``node/name`` or ``node/folder/name`` → text), 0600 in 0700, none else of ours.

    Folders of nodes that are gone are reported as stale, and removed with ``prune``. ``check`` writes nothing and
    raises ``WouldChange`` when anything would be, or is stale. ``OutputRefused``: the root or a folder is not ours.
    """
    try:
        _refuse_unusable(root)
        folders = [_compare(root / node, texts) for node, texts in _by_node(files).items()]
        stale = _stale(root, {folder.node for folder in folders})
        if prune:
            _refuse_foreign(stale)
        report = _report(folders, stale, prune=prune)
        if check:
            _refuse_change(root, report)
            return report
        _write(root, [folder for folder in folders if folder.differs])
        for path in stale if prune else ():
            _remove_folder(path)
    except OSError as error:
        message = f"{blamed(error) or root}: {error.strerror}: nothing half-written is left; mend it and render again"
        raise OutputRefused(message) from error
    return report


def _refuse_unusable(root: Path) -> None:
    advice = "give another folder with --output"
    if root.is_symlink():
        message = f"{root}: is a symbolic link; secrets are not written through one: {advice}"
        raise OutputRefused(message)
    if root.exists() and not root.is_dir():
        message = f"{root}: is a file, not a folder: {advice}"
        raise OutputRefused(message)


def _by_node(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    nodes: dict[str, dict[str, str]] = {}
    for path, text in sorted(files.items()):
        node, _, name = path.partition("/")
        nodes.setdefault(node, {})[name] = text
    return {node: {**texts, MANIFEST: _manifest(node, texts)} for node, texts in nodes.items()}


def _manifest(node: str, texts: Mapping[str, str]) -> str:
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return json.dumps({"written_by": MARKER, "node": node, "sha256": sums}, indent=2, sort_keys=True) + "\n"


def _own_files(folder: Path) -> frozenset[str] | None:
    """The files that we wrote into a folder, by its manifest; ``None``: the folder is not ours."""
    try:
        manifest = json.loads(read_bounded(folder / MANIFEST, MANIFEST_BYTES))
        names = frozenset(manifest["sha256"]) | {MANIFEST}
        ours = manifest["written_by"] == MARKER and manifest["node"] == folder.name
    except (OSError, ValueError, KeyError, TypeError):
        return None
    inside = all(".." not in PurePosixPath(name).parts and not name.startswith("/") for name in names)
    return names if ours and inside else None


def _present(folder: Path) -> set[str]:
    """All that is in the folder and below, but for the folders in between."""
    entries = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in entries}


def _compare(folder: Path, texts: Mapping[str, str]) -> _Folder:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        message = f"{folder}: is not a folder; move it away, or give another --output"
        raise OutputRefused(message)
    if not folder.exists():
        return _Folder(path=folder, exists=False, write=texts, remove=())
    own = _own_files(folder)
    present = _present(folder)
    if MANIFEST in present and not os.access(folder / MANIFEST, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder / MANIFEST))
    leftovers = {name for name in present if is_staged(name)}
    if own is None and present - leftovers:
        message = (
            f"{folder}: was not written by a render (no {MANIFEST} of ours); move it away, or give another --output"
        )
        raise OutputRefused(message)
    gone = leftovers | ((own or frozenset()) & present) - set(texts)
    different = {name: text for name, text in texts.items() if not _is_as_written(folder / name, text)}
    return _Folder(path=folder, exists=True, write=different, remove=tuple(sorted(gone)))


def _is_as_written(path: Path, text: str) -> bool:
    data = text.encode()
    try:
        now, folder = path.lstat(), path.parent.lstat()
        private = stat.S_IMODE(now.st_mode) == FILE_MODE and stat.S_IMODE(folder.st_mode) == FOLDER_MODE
        regular = private and stat.S_ISREG(now.st_mode) and stat.S_ISDIR(folder.st_mode)
        return regular and now.st_size == len(data) and path.read_bytes() == data
    except (FileNotFoundError, NotADirectoryError):
        return False


def _stale(root: Path, nodes: set[str]) -> list[Path]:
    if not root.exists():
        return []
    folders = (path for path in sorted(root.iterdir()) if path.name not in nodes)
    return [path for path in folders if path.is_dir() and not path.is_symlink() and _own_files(path) is not None]


def _refuse_foreign(folders: Iterable[Path]) -> None:
    for folder in folders:
        own = _own_files(folder) or frozenset()
        foreign = sorted(name for name in _present(folder) - own if not is_staged(name))
        if foreign:
            message = (
                f"{folder}: also holds {', '.join(foreign)}, which no render wrote; move it away, then --prune again"
            )
            raise OutputRefused(message)


def _report(folders: Iterable[_Folder], stale: Iterable[Path], *, prune: bool) -> Report:
    folders = list(folders)
    names = tuple(path.name for path in stale)
    return Report(
        unchanged=tuple(folder.node for folder in folders if not folder.differs),
        changed=tuple(folder.node for folder in folders if folder.exists and folder.differs),
        created=tuple(folder.node for folder in folders if not folder.exists),
        stale=() if prune else names,
        removed=names if prune else (),
        files=tuple(f"{folder.node}/{name}" for folder in folders for name in (*folder.write, *folder.remove)),
    )


def _refuse_change(root: Path, report: Report) -> None:
    states = ("created", "changed", "removed")
    lines = [f"{root / node}: would be {state}" for state in states for node in getattr(report, state)]
    stale = [f"{root / node}: stale: no node of the inventory" for node in report.stale]
    if lines or stale:
        without = "`invoke render --prune`" if stale else "`invoke render` without it"
        raise WouldChange("\n".join([*lines, *stale, f"--check wrote nothing; {without} does"]))


def _write(root: Path, folders: Iterable[_Folder]) -> None:
    """Stage all, flush once, then rename: an interruption leaves each file as it was or as it is to be."""
    folders = list(folders)
    if not folders:
        return
    _prepare(root)
    staged: dict[Path, Path] = {}
    new_folders: dict[Path, Path] = {}
    try:
        for folder in folders:
            # A new folder appears whole, by one rename; in an existing one the files are replaced one by one.
            home = folder.path if folder.exists else new_folders.setdefault(folder.path, stage_folder(root))
            for name, text in folder.write.items():
                staged[home / name] = stage_file(_private_folder((home / name).parent), text)
        flush_files(staged.values())
        for place, new in (*staged.items(), *new_folders.items()):
            new.replace(place)
    finally:
        discard_files(staged.values())
        discard_folders(new_folders.values())
    for folder in folders:
        discard_files(folder.path / name for name in folder.remove)


def _private_folder(path: Path) -> Path:
    if path.is_symlink():
        message = f"{path}: is a symbolic link; move it away, or give another --output"
        raise OutputRefused(message)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.chmod(FOLDER_MODE)
    return path


def _prepare(root: Path) -> None:
    if root.exists():
        discard_folders(path for path in root.iterdir() if is_staged(path.name) and not path.is_symlink())
        return
    root.mkdir(mode=FOLDER_MODE, parents=True)
    # A folder of the person's own choice may lie in a repository of theirs, and this one holds secrets.
    (root / ".gitignore").write_text("*\n", encoding="utf-8")


def _remove_folder(folder: Path) -> None:
    # The manifest goes last: a folder of which a part is left is still known as ours.
    discard_files(folder / name for name in sorted(_present(folder) - {MANIFEST}))
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
    discard_files([folder / MANIFEST])
    folder.rmdir()
