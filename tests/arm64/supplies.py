"""All that emulated machines boot from and download.

``python -m tests.arm64.supplies`` builds it into the cache, while nothing else wants the CPUs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.lab.packages import Deb, SigningKey, write_repository
from tests.lab.process import run
from tests.lab.programs import program_folder
from tests.lab.vendors import (
    CONTAINERD,
    KUBERNETES,
    SUITE,
    TAILSCALE,
    Sources,
    containerd_deb,
    kubernetes_debs,
    tailscale_deb,
)

from .disk import arm64_disk
from .dressed import dressed_disk
from .tree import arm64_tree

ARCH = "arm64"


def build(cache: Path) -> None:
    """Build what takes long: the disks and the programs."""
    arm64_disk(cache)
    dressed_disk(cache)
    for module in ("crictl", "containerd", "tailscale"):
        program_folder(module, cache, ARCH)


def serve_arm64(folder: Path, cache: Path) -> Sources:
    """Write the repositories of all vendors, and of the distribution, for arm64 below ``folder``."""
    key = SigningKey(folder.with_name(f"{folder.name}-key"))
    distribution = sorted((arm64_tree(cache) / "debs").glob("*.deb"))
    tailscale = tailscale_deb(TAILSCALE, program_folder("tailscale", cache, ARCH))
    runc = _runc(distribution, folder.with_name(f"{folder.name}-runc"))
    containerd = containerd_deb(CONTAINERD, program_folder("containerd", cache, ARCH), runc)
    _write(folder / "kubernetes", _kubernetes(cache), key)
    _write(folder / "containerd", [containerd], key, suite=SUITE, component="stable")
    _write(folder / "tailscale", [tailscale], key, suite=SUITE)
    _write(folder / "debian-arm64", distribution, key)
    key.close()
    return Sources(folder, key.fingerprint)


def _kubernetes(cache: Path) -> list[Deb]:
    crictl = program_folder("crictl", cache, ARCH) / "crictl"
    return [
        # What the lab has in their place up to the tailnet are scripts.
        *kubernetes_debs(KUBERNETES),
        Deb("cri-tools", "1.36.0-1.1", {"/usr/bin/crictl": crictl}),
        Deb("kubernetes-cni", "1.9.1-1.1", {"/opt/cni/bin/loopback": "#!/bin/sh\nexit 0\n"}),
    ]


def _runc(distribution: list[Path], folder: Path) -> Path:
    (package,) = (deb for deb in distribution if deb.name.startswith("runc_"))
    run(["dpkg-deb", "--extract", str(package), str(folder)]).check()
    return folder / "usr/bin/runc"


def _write(
    root: Path, debs: list[Deb] | list[Path], key: SigningKey, *, suite: str = "", component: str = "main"
) -> None:
    """A repository as the lab writes it, with arm64's packages and names."""
    packages = [replace(deb, arch=ARCH) if isinstance(deb, Deb) else deb for deb in debs]
    write_repository(root, packages, key, suite=suite, component=component)
    top = root / f"dists/{suite}" if suite else root
    for index in top.rglob("binary-amd64"):
        index.rename(index.with_name(f"binary-{ARCH}"))
    # The indexes are the same files: their checksums hold.
    release = (top / "Release").read_text().replace("amd64", ARCH)
    (top / "Release").write_text(release)
    key.clearsign(top / "Release", top / "InRelease")


if __name__ == "__main__":
    from tests.lab.conftest import CACHE
    from tests.lab.turn import stay_behind

    stay_behind()
    CACHE.mkdir(parents=True, exist_ok=True)
    build(CACHE)
