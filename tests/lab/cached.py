"""Folders that are slow to make, kept by what they are made of: never needed, only faster."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path


def cached(cache: Path, name: str, recipe: Iterable[str | bytes], make: Callable[[Path], object]) -> Path:
    """The folder that ``make`` fills, made only when the cache has none of exactly this recipe.

    Of several processes that ask at once, one makes it and the others wait.
    """
    parts = [part.encode() if isinstance(part, str) else part for part in recipe]
    # Each part's own hash: where one ends and the next begins counts too.
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]
    made = cache / f"{name}-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # What a killed run left half made; whoever else would be at it holds the lock.
            for leftover in cache.glob(f"{name}-{'?' * len(digest)}.*"):
                shutil.rmtree(leftover)
            unfinished = made.with_name(f"{made.name}.{os.getpid()}")
            try:
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(made)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return made
