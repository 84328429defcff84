"""Helm's archive and Cilium's chart, each as its vendor serves it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.lab.cached import cached
from tests.lab.process import run
from tests.lab.programs import module_sources, module_version, program_folder

CILIUM = "github.com/cilium/cilium"


def helm_archive(cache: Path) -> Path:
    """``helm-v…-linux-amd64.tar.gz``, with the program in the folder that the vendor's archive has."""
    programs = program_folder("helm", cache)
    name = f"helm-v{module_version('helm', 'helm.sh/helm/v4')}-linux-amd64.tar.gz"

    def make(folder: Path) -> None:
        (folder / "linux-amd64").mkdir()
        shutil.copyfile(programs / "helm", folder / "linux-amd64/helm")
        (folder / "linux-amd64/helm").chmod(0o755)
        run(["tar", "-C", str(folder), "-czf", str(folder / name), "linux-amd64"], timeout=300).check()
        shutil.rmtree(folder / "linux-amd64")

    return cached(cache, "helm-archive", [programs.name, name], make) / name


def cilium_chart(cache: Path) -> Path:
    """``cilium-….tgz``, packed by Helm from the sources that the programs are built from."""
    helm = program_folder("helm", cache) / "helm"
    version = module_version("cilium", CILIUM)

    def make(folder: Path) -> None:
        sources = module_sources("cilium", CILIUM) / "install/kubernetes/cilium"
        run([str(helm), "package", str(sources), "--destination", str(folder)]).check()

    return cached(cache, "chart", [version], make) / f"cilium-{version}.tgz"


def sha256(path: Path) -> str:
    """A file's checksum."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
