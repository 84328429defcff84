"""All that emulated machines boot from and download.

``python -m tests.arm64.supplies`` builds it into the cache, while nothing else wants the CPUs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tests.cluster.packages import kubernetes_debs
from tests.cluster.supplies import Foreign
from tests.lab import vendors
from tests.lab.architectures import serve_also
from tests.lab.packages import Deb, SigningKey, write_repository
from tests.lab.process import run
from tests.lab.programs import program_folder
from tests.lab.vendors import SUITE, Sources

from .disk import arm64_disk
from .dressed import dressed_disk
from .images import PROGRAMS, images_of_both
from .layer import arm64_layer
from .tree import arm64_tree

ARCH = "arm64"
# The repository that the tree's apt knows (image.sh).
DISTRIBUTION = "debian-arm64"


def build(cache: Path) -> None:
    """Build what takes long: the disks, the programs, and the layer of the images."""
    arm64_disk(cache)
    dressed_disk(cache)
    for module in ("crictl", "containerd", "tailscale", *PROGRAMS, "kubernetes"):
        program_folder(module, cache, ARCH)
    arm64_layer(cache)


def serve_arm64(folder: Path, cache: Path) -> Sources:
    """Write the repositories of all vendors, and of the distribution, for arm64 below ``folder``."""
    # What the lab has of Kubernetes up to the tailnet are scripts.
    loopback = Deb("kubernetes-cni", "1.9.1-1.1", {"/opt/cni/bin/loopback": "#!/bin/sh\nexit 0\n"})
    kubernetes = _for_arm64([*vendors.kubernetes_debs(vendors.KUBERNETES), loopback, _crictl(cache)])
    key = SigningKey(folder.with_name(f"{folder.name}-key"))
    _write(folder / "kubernetes", kubernetes, key)
    _write(folder / "containerd", [_containerd(folder, cache)], key, suite=SUITE, component="stable")
    _write(folder / "tailscale", [_tailscale(cache)], key, suite=SUITE)
    _write(folder / DISTRIBUTION, _distribution(cache), key)
    key.close()
    return Sources(folder, key.fingerprint)


def what_a_worker_needs(folder: Path, cache: Path) -> Foreign:
    """What an arm64 worker of a cluster downloads; ``folder`` is the web server's."""
    packages: dict[str, Sequence[Deb | Path]] = {
        "kubernetes": [*kubernetes_debs(cache, ARCH), _crictl(cache)],
        "containerd": [_containerd(folder, cache)],
        "tailscale": [_tailscale(cache)],
        DISTRIBUTION: _distribution(cache),
    }
    return Foreign(ARCH, packages, images_of_both(cache))


def _for_arm64(debs: Iterable[Deb]) -> list[Deb]:
    return [replace(deb, arch=ARCH) for deb in debs]


def _crictl(cache: Path) -> Deb:
    return Deb(
        "cri-tools", "1.36.0-1.1", {"/usr/bin/crictl": program_folder("crictl", cache, ARCH) / "crictl"}, arch=ARCH
    )


def _tailscale(cache: Path) -> Deb:
    programs = program_folder("tailscale", cache, ARCH)
    return replace(vendors.tailscale_deb(vendors.TAILSCALE, programs), arch=ARCH)


def _containerd(folder: Path, cache: Path) -> Deb:
    runc = _runc(_distribution(cache), folder.with_name(f"{folder.name}-runc"))
    programs = program_folder("containerd", cache, ARCH)
    return replace(vendors.containerd_deb(vendors.CONTAINERD, programs, runc), arch=ARCH)


def _distribution(cache: Path) -> list[Path]:
    return sorted((arm64_tree(cache) / "debs").glob("*.deb"))


def _runc(distribution: list[Path], folder: Path) -> Path:
    (package,) = (deb for deb in distribution if deb.name.startswith("runc_"))
    run(["dpkg-deb", "--extract", str(package), str(folder)]).check()
    return folder / "usr/bin/runc"


def _write(
    root: Path, debs: Iterable[Deb | Path], key: SigningKey, *, suite: str = "", component: str = "main"
) -> None:
    write_repository(root, debs, key, suite=suite, component=component)
    serve_also(ARCH, root, key, suite=suite)


if __name__ == "__main__":
    from tests.lab.conftest import CACHE
    from tests.lab.turn import stay_behind

    stay_behind()
    CACHE.mkdir(parents=True, exist_ok=True)
    build(CACHE)
