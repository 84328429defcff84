"""The images of a cluster with nodes of both processors: of what a worker runs, an index that leads to either."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cluster import images as native
from tests.cluster.images import PROBE, Image, OpenRegistry, agent_image, make_images, open_registry, pause_image
from tests.lab.cached import cached
from tests.lab.programs import program_folder

from .layer import arm64_layer

ARCH = "arm64"
PROGRAMS = ("cilium", "cni", "pause")


def images_of_both(cache: Path) -> Path:
    """A folder as the registry serves it; in ``digests.json`` the index's digest where there is one."""
    kept, debian = make_images(cache), arm64_layer(cache)
    programs = [program_folder(name, cache, ARCH).name for name in PROGRAMS]
    recipe = (kept.name, debian.parent.name, *programs, Path(__file__).read_text(), Path(native.__file__).read_text())
    return cached(cache, "arm64-images", recipe, lambda folder: _make(folder, kept, debian, cache))


def _make(folder: Path, kept: Path, debian: Path, cache: Path) -> None:
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    digests = native.read_digests(kept)
    with open_registry(folder, cache) as registry:
        for image in _worker_images(digests, cache):
            digests[image.name] = _push(registry, image, digests[image.name], debian)
    (folder / "digests.json").write_text(json.dumps(digests, indent=1))


def _worker_images(names: dict[str, str], cache: Path) -> list[Image]:
    """What is pulled by a worker: the control plane stays where it is, and so do Cilium's operator and CoreDNS."""
    (pause,) = (name for name in names if "/pause:" in name)
    return [
        pause_image(pause, cache, ARCH),
        agent_image(cache, ARCH),
        Image(PROBE, {}, "/bin/sh", debian=True, arch=ARCH),
    ]


def _push(registry: OpenRegistry, image: Image, other: str, debian: Path) -> str:
    """Push an image, and by its name an index of it and of the one with the digest ``other``; the index's digest."""
    own = registry.push(image, debian)
    place = registry.place(image.name)
    repository = place.rpartition(":")[0]
    manifests = [word for digest in (other, own) for word in ("--manifest", f"{repository}@{digest}")]
    registry.run("index", "append", *manifests, "--tag", place)
    return registry.run("digest", place).strip()
