"""Signed apt repositories, in the layouts of the vendors that a node downloads from, of packages made on the spot."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .process import run

_POSTINST = """\
#!/bin/sh
set -e
for unit in {units}; do
  deb-systemd-helper unmask "$unit" >/dev/null || true
  deb-systemd-helper enable "$unit" >/dev/null || true
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    deb-systemd-invoke start "$unit" >/dev/null || true
  fi
done
"""


@dataclass(frozen=True)
class Deb:
    """A package. ``files``: path on the machine → a program's path here, or the text itself."""

    name: str
    version: str
    files: Mapping[str, Path | str] = field(default_factory=dict)
    depends: str = ""
    units: tuple[str, ...] = ()
    arch: str = "amd64"

    def build(self, pool: Path) -> Path:
        """Write the .deb into the pool."""
        tree = pool / f".{self.name}"
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "DEBIAN").mkdir(parents=True)
        for path, content in self.files.items():
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_text(content)
            program = isinstance(content, Path) or content.startswith("#!")
            target.chmod(0o755 if program else 0o644)
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.arch,
            "Maintainer": "lab <lab@lab.test>",
            "Description": f"{self.name}, made for the lab",
        }
        if self.depends:
            fields["Depends"] = self.depends
        (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items()))
        if self.units:
            postinst = tree / "DEBIAN/postinst"
            postinst.write_text(_POSTINST.format(units=" ".join(self.units)))
            postinst.chmod(0o755)
        deb = pool / f"{self.name}_{self.version.replace(':', '%3a')}_{self.arch}.deb"
        run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(deb)]).check()
        shutil.rmtree(tree)
        return deb


class SigningKey:
    """An OpenPGP key of two months, since one is the last call, in a keyring of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._gpg("--quick-gen-key", "--passphrase", "", "lab <lab@lab.test>", "ed25519", "sign", "60d")
        listed = self._gpg("--list-keys", "--with-colons")
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def _gpg(self, *words: str) -> str:
        return (
            run(["gpg", "--batch", "--quiet", "--yes", *words], env={**os.environ, "GNUPGHOME": str(self._home)})
            .check()
            .out
        )

    def export(self, path: Path, *, armored: bool = True) -> None:
        """Write the public key."""
        self._gpg(*(["--armor"] if armored else []), "--output", str(path), "--export")

    def clearsign(self, source: Path, target: Path) -> None:
        """Sign a text within itself."""
        self._gpg("--output", str(target), "--clearsign", str(source))

    def close(self) -> None:
        """End the agent that gpg started for this keyring."""
        run(["gpgconf", "--homedir", str(self._home), "--kill", "all"])


def write_repository(
    root: Path, debs: Iterable[Deb | Path], key: SigningKey, *, suite: str = "", component: str = "main"
) -> None:
    """A repository at ``root``: flat like the Kubernetes one without a suite, with ``dists/`` like the others with one.

    A path is a package that is there already.
    """
    pool = root / "pool" if suite else root
    pool.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        if isinstance(deb, Deb):
            deb.build(pool)
        else:
            shutil.copyfile(deb, pool / deb.name)
    index = root / f"dists/{suite}/{component}/binary-amd64" if suite else root
    index.mkdir(parents=True, exist_ok=True)
    scanned = run(
        ["sh", "-c", 'cd "$1" && dpkg-scanpackages --multiversion "$2"', "sh", str(root), pool.name if suite else "."]
    )
    packages = scanned.check().out
    (index / "Packages").write_text(packages)
    (index / "Packages.gz").write_bytes(gzip.compress(packages.encode(), mtime=0))
    top = root / f"dists/{suite}" if suite else root
    fields = {
        "Origin": "lab",
        "Suite": suite or "lab",
        "Codename": suite or "lab",
        "Components": component,
        "Architectures": "amd64",
    }
    options = [word for name, value in fields.items() for word in ("-o", f"APT::FTPArchive::Release::{name}={value}")]
    release = run(["apt-ftparchive", *options, "release", str(top)]).check().out
    (top / "Release").write_text(release)
    key.clearsign(top / "Release", top / "InRelease")
    key.export(root / "key.asc")
    key.export(root / "key.gpg", armored=False)
