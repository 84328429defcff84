"""A tree of Debian's own arm64 packages, kept by what it is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.cached import cached
from tests.lab.process import LabError, run
from tests.lab.tree import COMMON, LATER, base_tree, mirror

from .binfmt import arm64_programs

SUITE = "trixie"
HERE = Path(__file__).parent
SCRIPTS = (HERE / "native.sh", HERE / "image.sh")

# What a machine with a kernel of its own needs beside what containers have.
MACHINE = "linux-image-cloud-arm64 initramfs-tools grub-efi-arm64-bin cloud-guest-utils fdisk dhcpcd-base zstd".split()

# Where dpkg, and apt for dpkg, find maintainer scripts' programs: those of this machine's processor first.
PATH = "/native.bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What nobody reads in a machine of the lab.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
OPTIONS = (
    "--architectures=arm64",
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
    "--dpkgopt=force-unsafe-io",
    f'--aptopt=DPkg::Path "{PATH}"',
)
# Emulated, it takes this machine a quarter of an hour of CPU time; behind other work much more goes by.
BUILD_SECONDS = 3 * 3600


def arm64_tree(cache: Path) -> Path:
    """A folder with the tree ``root`` and, in ``debs``, what a node installs later."""
    packages = (*COMMON, *MACHINE)
    recipe = (SUITE, *packages, *LATER, *OPTIONS, *(script.read_text() for script in SCRIPTS))
    return cached(cache, "arm64-tree", recipe, lambda folder: _build(folder, packages, base_tree(SUITE, cache)))


def _build(folder: Path, packages: tuple[str, ...], native: Path) -> None:
    natives, image = SCRIPTS
    hooks = (
        f'--extract-hook={natives} names "$1" {native}',
        f'--essential-hook={natives} interpreters "$1"',
        f'--customize-hook={natives} leave "$1"',
        f'--customize-hook={image} "$1" {folder}/debs {" ".join(LATER)}',
    )
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {SUITE} main"
    # The native tree's mounts go with their namespace, whatever becomes of the rest.
    command = ["unshare", "--mount", "mmdebstrap", "--verbose", *OPTIONS, f"--include={','.join(packages)}", *hooks]
    # The initramfs is made once, in the end, by the tree's own programs.
    settings = {"DEBIAN_FRONTEND": "noninteractive", "INITRD": "No", "PATH": f"{PATH}:{os.environ['PATH']}"}
    with arm64_programs():
        _run_logged([*command, SUITE, str(folder / "root"), source], folder.parent / "arm64-tree.log", settings)


def _run_logged(command: Sequence[str], log: Path, settings: Mapping[str, str]) -> None:
    """It takes long: how far it is stands in a file."""
    into = ["bash", "-c", 'exec "${@:2}" &>"$1"', "bash", str(log)]
    done = run([*into, *command], timeout=BUILD_SECONDS, env={**os.environ, **settings})
    if done.code != 0:
        raise LabError(f"mmdebstrap: exit {done.code}; the end of {log}:\n{log.read_text()[-2000:]}")
