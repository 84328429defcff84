"""Everything that the cluster lab's nodes download, and the inventory's words for where it is.

``python -m tests.cluster.supplies`` builds it all into the cache; with ``--behind`` while nothing else wants the CPUs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.architectures import serve_also
from tests.lab.lab import Lab
from tests.lab.packages import Deb, SigningKey, write_repository
from tests.lab.tree import base_tree, distribution_packages
from tests.lab.vendors import SUITE, Sources

from .chart import cilium_chart, helm_archive, sha256
from .images import PROBE, make_images, read_digests
from .packages import package_pools
from .registry import MIRRORS, serve_registry

WEB = "http://apt.lab.test"
# Repositories with suites and components, as their vendors have them; all others are flat.
_DISTS = {"containerd": (SUITE, "stable"), "tailscale": (SUITE, "main")}


@dataclass(frozen=True)
class Foreign:
    """What nodes of another processor than the lab's own download beside it.

    ``packages``: repository → packages, the distribution's own repository too; ``images``: a folder as the registry
    serves it, with the images of both.
    """

    arch: str
    packages: Mapping[str, Sequence[Deb | Path]]
    images: Path


@dataclass(frozen=True)
class Supplies(Sources):
    """What the servers hold: ``folder`` is the web server's, ``registry`` the image registry's.

    ``helm`` and ``chart`` are paths below ``folder``; ``digests``: image → ``sha256:…``.
    """

    registry: Path
    helm: str
    chart: str
    digests: dict[str, str]
    cache: Path
    probe_image: str = PROBE

    @property
    def helm_sha256(self) -> str:
        """The checksum of Helm's archive."""
        return sha256(self.folder / self.helm)

    @property
    def chart_sha256(self) -> str:
        """The checksum of Cilium's chart."""
        return sha256(self.folder / self.chart)

    @property
    def sources(self) -> str:
        """The inventory's ``sources:``, to which further keys may be added."""
        return (
            f"sources:\n  repositories:\n{self._repositories()}"
            f"  helm:\n    amd64: {{url: '{WEB}/{self.helm}', sha256: {self.helm_sha256}}}\n"
            f"  cilium_chart: {{url: '{WEB}/{self.chart}', sha256: {self.chart_sha256}}}\n"
            "  registries:\n"
            + "".join(f"    {name}: '{url}'\n" for name, url in MIRRORS.items())
            + f"  plain_http_registries: [{', '.join(MIRRORS)}]\n"
        )

    def _repositories(self) -> str:
        form = (
            "    {name}: {{url: '{web}/{name}{slash}', suite: {suite}, component: '{component}', "
            "key_url: '{web}/{name}/key.asc', key_fingerprints: [{key}]}}\n"
        )
        return "".join(
            form.format(name=name, web=WEB, slash=slash, suite=suite, component=component, key=self.fingerprint)
            for name, slash, suite, component in (
                ("kubernetes", "/", "/", ""),
                *((name, "", *place) for name, place in _DISTS.items()),
            )
        )

    @property
    def values(self) -> str:
        """The inventory's ``cilium:``. A released chart pins its images; these are the lab's own, and pinned here."""
        names = ("cilium", "operator-generic", "hubble-relay")
        agent, operator, relay = (self._digest(f"quay.io/cilium/{name}:") for name in names)
        return (
            "cilium:\n  values:\n"
            "    # The lab's images are built from upstream's sources, so their digests are not those of upstream's.\n"
            f"    image: {{useDigest: true, digest: '{agent}'}}\n"
            f"    operator: {{image: {{useDigest: true, genericDigest: '{operator}'}}}}\n"
            # Off unless a test turns it on. Its UI is no Go program, and certgen's module is not to be had.
            f"    hubble: {{relay: {{image: {{useDigest: true, digest: '{relay}'}}}}, ui: {{enabled: false}}, "
            "tls: {auto: {method: helm}}}\n"
        )

    def _digest(self, prefix: str) -> str:
        return next(digest for name, digest in self.digests.items() if name.startswith(prefix))

    def serve(self, lab: Lab) -> None:
        """Start the web server and the registry where a lab's servers listen."""
        lab.serve(self.folder)
        settings = lab.folder / "registry.yaml"
        lab.undo.append(serve_registry(lab.segment.servers, self.registry, settings, self.cache).stop)


def make_supplies(folder: Path, cache: Path, foreign: Foreign | None = None) -> Supplies:
    """Write what the web server serves to ``folder``, anew; all that takes long comes out of ``cache``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    helm, chart = helm_archive(cache), cilium_chart(cache)
    registry = foreign.images if foreign else make_images(cache)
    for place, file in (("helm", helm), ("charts", chart)):
        (folder / place).mkdir()
        shutil.copyfile(file, folder / place / file.name)
    fingerprint = _write_repositories(folder, cache, foreign)
    return Supplies(
        folder=folder,
        fingerprint=fingerprint,
        registry=registry,
        helm=f"helm/{helm.name}",
        chart=f"charts/{chart.name}",
        digests=read_digests(registry),
        cache=cache,
    )


def _write_repositories(folder: Path, cache: Path, foreign: Foreign | None) -> str:
    tree = base_tree("trixie", cache)
    packages: dict[str, list[Deb | Path]] = {name: [*debs] for name, debs in package_pools(cache).items()}
    packages[tree.name] = [*sorted(distribution_packages(tree).glob("*.deb"))]
    for name, debs in foreign.packages.items() if foreign else ():
        packages.setdefault(name, []).extend(debs)
    home = folder.with_name(f"{folder.name}-key-{os.getpid()}")
    key = SigningKey(home)
    for name, debs in packages.items():
        suite, component = _DISTS.get(name, ("", "main"))
        write_repository(folder / name, debs, key, suite=suite, component=component)
        if foreign:
            serve_also(foreign.arch, folder / name, key, suite=suite)
    key.close()
    shutil.rmtree(home)
    return key.fingerprint


if __name__ == "__main__":
    import sys

    from tests.lab.conftest import CACHE
    from tests.lab.turn import stay_behind

    if "--behind" in sys.argv[1:]:
        stay_behind()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        make_supplies(Path(scratch) / "web", CACHE)
