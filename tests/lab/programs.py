"""The Go programs of the lab, built as ordinary module dependencies and cached by content.

Each folder under ``programs/`` is a module whose ``tool`` lines name what is built.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .building import build_programs
from .cached import cached
from .process import LabError, run

FOLDER = Path(__file__).parent / "programs"
NATIVE = "amd64"
"""The processor of the lab's machines: containers have the one of the machine below."""


@dataclass(frozen=True)
class Settings:
    """How a module is built. ``stamps``: a package's variable and its value, which the linker writes.

    ``worker``: its packages that a worker runs, where it has others too, which take as long to build; empty: all.
    """

    stamps: tuple[str, ...] = ()
    tags: str = ""
    worker: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """What ``go build`` is told."""
        # A stamp may hold spaces.
        stamped = "".join(f" -X '{stamp}'" for stamp in self.stamps)
        return (*(("-tags", self.tags) if self.tags else ()), "-ldflags", f"-s -w{stamped}")


# What go.mod names.
_ALL: tuple[str, ...] = ("tool",)


def _packages(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names.split())


# Cilium splits it at the spaces: version, revision, date.
_CILIUM = "github.com/cilium/cilium/pkg/version.ciliumVersion=1.20.2 lab 2026-01-01T00:00:00+00:00"

# Without its stamp a program reports a version that others refuse to parse.
SETTINGS = {
    "cilium": Settings(
        stamps=(_CILIUM,),
        # What upstream builds the operator called generic with; no other program looks at it.
        tags="ipam_provider_operator",
        worker=_packages(
            "github.com/cilium/cilium",
            "cilium-dbg cilium-health/responder daemon plugins/cilium-cni tools/mount tools/sysctlfix",
        ),
    ),
    "containerd": Settings(stamps=("github.com/containerd/containerd/v2/version.Version=v2.3.6",)),
    "crictl": Settings(stamps=("sigs.k8s.io/cri-tools/pkg/version.Version=v1.36.0",)),
    "helm": Settings(stamps=("helm.sh/helm/v4/internal/version.version=v4.3.0",)),
    "hubble": Settings(stamps=(_CILIUM,)),
    "kubernetes": Settings(
        stamps=(
            "k8s.io/component-base/version.gitVersion=v1.36.3",
            "k8s.io/component-base/version.gitMajor=1",
            "k8s.io/component-base/version.gitMinor=36",
        ),
        worker=_packages("k8s.io/kubernetes/cmd", "kubeadm kubectl kubelet"),
    ),
    "tailscale": Settings(
        stamps=("tailscale.com/version.shortStamp=1.102.5", "tailscale.com/version.longStamp=1.102.5-lab")
    ),
}


def program_folder(module: str, cache: Path, arch: str = NATIVE) -> Path:
    """The folder with a module's programs, built when the cache has none of exactly these sources.

    ``arch``: the processor that they run on, in Go's and Debian's word. For another one than the lab's own only what a
    worker runs is built.
    """
    source, settings = FOLDER / module, SETTINGS.get(module, Settings())
    recipe: list[str | bytes] = [*settings.flags, run(["go", "version"]).check().out]
    # Those of the lab's own processor are kept under the name that they always had.
    name, packages = module, _ALL
    if arch != NATIVE:
        name, packages = f"{module}-{arch}", settings.worker or packages
        recipe += (arch, *settings.worker)
    recipe += [path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file()]

    def build(folder: Path) -> None:
        build_programs(name, source, (*settings.flags, "-o", f"{folder}/", *packages), cache, arch)

    return cached(cache, name, recipe, build)


def module_version(module: str, path: str) -> str:
    """The version of another module that a module's programs are built from, without its ``v``."""
    for line in (FOLDER / module / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == [path]:
            return words[1].removeprefix("v")
    raise LabError(f"{module} is not built from {path}")


def module_sources(module: str, path: str) -> Path:
    """Where Go keeps the sources of another module that a module's programs are built from; downloaded if need be."""
    got = run(["go", "mod", "download", "-C", str(FOLDER / module), "-json", path], timeout=600).check()
    return Path(json.loads(got.out)["Dir"])
