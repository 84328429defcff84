"""The Debian layer of the images for arm64: that of this machine's processor, its packages' files replaced.

No arm64 program has to run: what the packages' scripts have written is the same on every processor.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.cluster.debian_layer import LEFT_OUT, SUITE, debian_layer, pack
from tests.lab.cached import cached
from tests.lab.process import run
from tests.lab.tree import mirror

# Of an ELF file: what it begins with, and the word that says for which processor it is (elf.h, EM_X86_64).
_ELF, _X86_64 = b"\x7fELF", (62).to_bytes(2, "little")
# The linker's cache names libraries of the other processor, and the rest no image needs.
_NOT_NEEDED = ("dev", "etc/ld.so.cache", "lib64", "proc", "sys", "var/cache/apt", "var/lib/apt", "var/lib/dpkg")
# Where a package has a folder and its scripts have made a link to one, as of /var/run, the link stays.
_OVER = 'tar --numeric-owner -C "$1" -cf - . | tar --numeric-owner -C "$2" --keep-directory-symlink -xf -'


def arm64_layer(cache: Path) -> Path:
    """The layer, a tar packed by zstd."""
    native = debian_layer(cache)
    recipe = (native.parent.name, Path(__file__).read_text())
    return cached(cache, "arm64-layer", recipe, lambda folder: _build(native, folder)) / "layer.tar.zst"


def _build(native: Path, folder: Path) -> None:
    root, files, tar = folder / "root", folder / "files", folder / "layer.tar"
    root.mkdir()
    run(["tar", "--zstd", "--numeric-owner", "-C", str(root), "-xf", str(native)], timeout=900).check()
    packages = _packages((root / "var/lib/dpkg/status").read_text())
    _remove(root, _NOT_NEEDED)
    for program in [path for path in root.rglob("*") if path.is_file() and not path.is_symlink() and _is_native(path)]:
        program.unlink()
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {SUITE} main"
    words = ("--architectures=arm64", "--variant=extract", f"--include={','.join(packages)}", SUITE, str(files), source)
    run(["mmdebstrap", *words], timeout=3600).check()
    _remove(files, (*LEFT_OUT, *_NOT_NEEDED))
    run(["sh", "-c", _OVER, "sh", str(files), str(root)], timeout=900).check()
    run(["tar", "--sort=name", "--numeric-owner", "-C", str(root), "-cf", str(tar), "."], timeout=900).check()
    pack(tar)
    for tree in (root, files):
        shutil.rmtree(tree)


def _packages(status: str) -> list[str]:
    """The names of a dpkg's packages, less those that differ: libraries, on which the others depend, and binutils'."""
    names = [line.split()[1] for line in status.splitlines() if line.startswith("Package: ")]
    programs = (name for name in names if not name.startswith("lib") or name.endswith("-bin"))
    return sorted(name for name in programs if "x86-64" not in name)


def _is_native(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(20)
    return head.startswith(_ELF) and head[18:20] == _X86_64


def _remove(tree: Path, patterns: Iterable[str]) -> None:
    for path in [path for pattern in patterns for path in tree.glob(pattern.lstrip("/"))]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
