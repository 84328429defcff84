"""Mirrors that are wrong in one way each, beside the right ones: what a node must refuse."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from .packages import SigningKey
from .vendors import KUBERNETES, Sources

HELM = "#!/bin/sh\necho helm of the lab\n"


@dataclass(frozen=True)
class Mirrors:
    """``stranger``: the fingerprint of a key that signed what the plan does not expect it to have signed."""

    folder: Path
    stranger: str
    helm_sha256: str


def add_mirrors(sources: Sources) -> Mirrors:
    """Write them below what is served: ``kubernetes-`` and what is wrong with it."""
    stranger = SigningKey(sources.folder.with_name(f"{sources.folder.name}-stranger"))
    _resigned(_copy(sources, "signature"), stranger)
    _tampered_package(_copy(sources, "package"))
    _tampered_index(_copy(sources, "index"))
    page = sources.folder / "portal/key.asc"
    page.parent.mkdir(exist_ok=True)
    page.write_text("<!doctype html><title>Please log in</title>\n")
    helm = helm_archive()
    for name in ("helm.tar.gz", "cilium.tgz"):
        (sources.folder / name).write_bytes(helm)
    stranger.close()
    return Mirrors(sources.folder, stranger.fingerprint, hashlib.sha256(helm).hexdigest())


def _copy(sources: Sources, wrong: str) -> Path:
    folder = sources.folder / f"kubernetes-{wrong}"
    shutil.copytree(sources.folder / "kubernetes", folder, dirs_exist_ok=True)
    return folder


def _resigned(folder: Path, key: SigningKey) -> None:
    # The key that is served stays the right one.
    key.clearsign(folder / "Release", folder / "InRelease")


def _tampered_package(folder: Path) -> None:
    deb = next(folder.glob(f"kubelet_{KUBERNETES}-*.deb"))
    content = bytearray(deb.read_bytes())
    content[-1] ^= 1
    deb.write_bytes(content)


def _tampered_index(folder: Path) -> None:
    for name, pack in (("Packages", bytes), ("Packages.gz", lambda text: gzip.compress(text, mtime=0))):
        packages = (folder / "Packages").read_text().replace("made for the lab", "made for the bad")
        (folder / name).write_bytes(pack(packages.encode()))


def helm_archive() -> bytes:
    """Helm's archive as its vendor packs it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("linux-amd64/helm")
        entry.size, entry.mode = len(HELM), 0o755
        archive.addfile(entry, io.BytesIO(HELM.encode()))
    return packed.getvalue()
