"""The Go programs of the lab, built as ordinary module dependencies and cached by content.

Each folder under ``programs/`` is a module whose ``tool`` lines name what is built.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .process import run

FOLDER = Path(__file__).parent / "programs"

# Without its stamp a program reports a version that others refuse to parse.
STAMPS = {
    "containerd": ("github.com/containerd/containerd/v2/version.Version=v2.3.6",),
    "crictl": ("sigs.k8s.io/cri-tools/pkg/version.Version=v1.36.0",),
    "tailscale": ("tailscale.com/version.shortStamp=1.102.5", "tailscale.com/version.longStamp=1.102.5-lab"),
}
BUILD_SECONDS = 1800


def program_folder(module: str, cache: Path) -> Path:
    """The folder with a module's programs, built when the cache has none of exactly these sources."""
    source = FOLDER / module
    flags = "-s -w " + " ".join(f"-X {stamp}" for stamp in STAMPS[module])
    recipe = [(source / name).read_bytes() for name in ("go.mod", "go.sum")]
    recipe += [flags.encode(), run(["go", "version"]).check().out.encode()]
    built = cache / f"{module}-{hashlib.sha256(b'|'.join(recipe)).hexdigest()[:16]}"
    if not built.exists():
        unfinished = built.with_suffix(f".{os.getpid()}")
        unfinished.mkdir(parents=True)
        settings = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath -buildvcs=false"}
        command = ["go", "build", "-C", str(source), "-ldflags", flags, "-o", f"{unfinished}/", "tool"]
        run(command, env=settings, timeout=BUILD_SECONDS).check()
        unfinished.rename(built)
    return built
