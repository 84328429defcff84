"""A repository that serves machines of two processors: the packages of both, and an index for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from .packages import SigningKey
from .programs import NATIVE

_INDEX = f"binary-{NATIVE}"


def serve_also(arch: str, root: Path, key: SigningKey, *, suite: str = "") -> None:
    """Let a repository that was just written serve this processor too, in Debian's word for it.

    Its indexes name the packages of both, and apt takes those of its own.
    """
    top = root / f"dists/{suite}" if suite else root
    for index in tuple(top.rglob(_INDEX)):
        shutil.copytree(index, index.with_name(f"binary-{arch}"))
    release = (top / "Release").read_text().splitlines()
    (top / "Release").write_text("".join(f"{line}\n" for line in _with(arch, release)))
    key.clearsign(top / "Release", top / "InRelease")


def _with(arch: str, release: list[str]) -> Iterator[str]:
    for line in release:
        yield f"{line} {arch}" if line.startswith("Architectures:") else line
        # The same file by another name: its checksum holds.
        if f"/{_INDEX}/" in line:
            yield line.replace(NATIVE, arch)
