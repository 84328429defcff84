"""Signed rpm repositories, in the layouts of the vendors that a node of Oracle Linux downloads from.

Made by Debian's own rpm, rpmsign and createrepo_c, inside a machine's tree that has them.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from .packages import Deb, SigningKey
from .process import run

# What Debian's rpm has no opinion on, and Oracle Linux's own has: where the list of packages is.
MACROS = "%_dbpath /usr/lib/sysimage/rpm\n"
_SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: {name}, made for the lab
License: lab
AutoReqProv: no
{depends}
%description
Made for the lab.
%install
cp -a {files}/. %{{buildroot}}/
%files
{listed}
"""


class Signer(SigningKey):
    """A key that signs packages and their metadata, too."""

    def sign(self, path: Path) -> None:
        """A signature beside a file, as ``repo_gpgcheck`` reads it."""
        self._gpg("--armor", "--output", f"{path}.asc", "--detach-sign", str(path))

    def ends(self, when: str) -> None:
        """Give the key another end, such as ``1y`` from now, under the same fingerprint."""
        self._gpg("--quick-set-expire", self.fingerprint, when)

    def secret(self, path: Path) -> None:
        """Write the secret key, for the rpmsign of a tree."""
        self._gpg("--armor", "--output", str(path), "--export-secret-keys")


class RpmWorkshop:
    """Builds packages and repositories with the programs of a tree; nothing of it is left there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._work = root / "tmp" / f"rpms-{uuid.uuid4().hex}"
        self._work.mkdir(parents=True)

    def close(self) -> None:
        """Take the workshop away."""
        shutil.rmtree(self._work)

    def _chroot(self, *argv: str) -> None:
        home = f"HOME={self._inside(self._work)}"
        run(["chroot", str(self._root), "env", home, "LC_ALL=C.UTF-8", *argv], timeout=300).check()

    def _inside(self, path: Path) -> str:
        return f"/{path.relative_to(self._root)}"

    def build(self, package: Deb, depends: Sequence[str] = ()) -> Path:
        """A package of Debian's form as an rpm: the same files, at the places that Oracle Linux has for them."""
        version, _, release = package.version.partition("-")
        folder = self._work / f"{package.name}-{package.version}"
        shutil.rmtree(folder, ignore_errors=True)
        files = folder / "files"
        files.mkdir(parents=True)
        for name, content in package.files.items():
            path = (
                files / name.lstrip("/").removeprefix("usr/").replace("lib/", "usr/lib/", 1)
                if _in_lib(name)
                else (files / name.lstrip("/"))
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            else:
                path.write_text(content)
            path.chmod(0o755 if isinstance(content, Path) or content.startswith("#!") else 0o644)
        listed = [f"/{path.relative_to(files)}" for path in sorted(files.rglob("*")) if path.is_file()]
        spec = folder / "package.spec"
        spec.write_text(
            _SPEC.format(
                name=package.name,
                version=version,
                release=(release or "1").replace("~", ""),
                depends="".join(f"Requires: {name}\n" for name in depends),
                files=self._inside(files),
                listed="\n".join(listed),
            )
        )
        top, quick = f"_topdir {self._inside(folder)}", "_binary_payload w1.gzdio"
        # No stripping and no debug packages: the programs are as they are.
        self._chroot(
            *("rpmbuild", "-bb", "--quiet", "--define", top, "--define", quick, "--define", "debug_package %{nil}"),
            *("--define", "__os_install_post %{nil}", self._inside(spec)),
        )
        (made,) = folder.glob("RPMS/*/*.rpm")
        return made

    def sign(self, packages: Iterable[Path], key: Signer) -> None:
        """Sign them in place."""
        secret = self._work / "secret.asc"
        key.secret(secret)
        inside = [self._inside(path) for path in packages]
        self._chroot("gpg", "--batch", "--quiet", "--import", self._inside(secret))
        self._chroot("rpmsign", "--define", f"_gpg_name {key.fingerprint}", "--addsign", *inside)
        self._chroot("gpgconf", "--kill", "all")
        secret.unlink()

    def repository(self, packages: Iterable[Path], target: Path, key: Signer) -> None:
        """Write a repository of these packages, its metadata signed, to where it is served from."""
        folder = self._work / "repository"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for package in packages:
            shutil.copyfile(package, folder / package.name)
        self._chroot("createrepo_c", "--quiet", self._inside(folder))
        shutil.copytree(folder, target, dirs_exist_ok=True)
        key.sign(target / "repodata/repomd.xml")
        key.export(target / "key.asc")


def _in_lib(name: str) -> bool:
    return name.startswith("/lib/")
