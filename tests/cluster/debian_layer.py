"""The Debian layer that Cilium's image and the probe's share, so that a node unpacks it once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.lab.cached import cached
from tests.lab.process import run
from tests.lab.tree import mirror

SUITE = "trixie"

# What cilium-agent and its scripts call. Upstream's image has the same of Ubuntu's, but for clang, which is its own.
_CILIUM = "bpftool ca-certificates clang-19 ipset iproute2 iptables kmod mount procps util-linux".split()
# What is asked of the network from within a pod.
_PROBE = "bind9-host curl iperf3 iputils-ping python3 socat".split()

# What nothing here calls, and every node would have to unpack: clang makes BPF only, so neither headers and libraries
# of C and C++ nor gcc's parts are needed; the headers in clang's own folder are.
LEFT_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/usr/share/bash-completion/*",
    "/usr/share/lintian/*",
    "/usr/include/*",
    "/usr/lib/gcc/*",
    "/usr/lib/*/*.a",
    "/usr/lib/*/gconv/*",
    "/usr/lib/*/gprofng/*",
    "/usr/lib/*/lib*san.so*",
    "/usr/lib/*/libclang-19*",
    "/usr/lib/*/libgprofng*",
    "/usr/lib/llvm-19/lib/LLVMPolly.so",
    "/usr/libexec/gcc/*",
)


def debian_layer(cache: Path) -> Path:
    """The layer, a tar packed by zstd, from this machine's own Debian sources."""
    packages = sorted({*_CILIUM, *_PROBE})
    recipe = (SUITE, *packages, *LEFT_OUT)
    return cached(cache, "debian-layer", recipe, lambda folder: _build(folder, packages)) / "layer.tar.zst"


def _build(folder: Path, packages: Iterable[str]) -> None:
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {SUITE} main"
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    include = "--include=" + ",".join(packages)
    tar = folder / "layer.tar"
    command = [
        "mmdebstrap",
        "--variant=minbase",
        # A container gets its devices from containerd, and may not make any.
        "--skip=output/dev",
        include,
        *left_out,
        SUITE,
        str(tar),
        source,
    ]
    run(command, timeout=900).check()
    pack(tar)


def pack(tar: Path) -> Path:
    """Pack a layer's tar in its place by zstd, which a node unpacks several times as fast as gzip."""
    run(["zstd", "--quiet", "--force", "--threads=0", "--rm", str(tar)], timeout=600).check()
    return tar.with_name(f"{tar.name}.zst")
