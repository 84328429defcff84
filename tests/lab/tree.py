"""Root file systems of the lab's machines, built from this machine's own Debian sources and cached by content."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from .process import LabError, run

COMMON = (
    "systemd systemd-sysv systemd-resolved systemd-timesyncd dbus udev iproute2 iptables nftables ca-certificates curl "
    "cloud-init netplan.io iputils-ping procps kmod openssh-server ethtool sudo e2fsprogs netbase less"
).split()

# What a node installs from its distribution and Debian's cloud image has not: kept as packages beside the tree.
# Docker's containerd.io carries its own runc; the lab's carries Debian's.
LATER = ("conntrack", "gpg", "runc", "socat")

# The modules that a node loads are built into the kernel below, or loaded there already: a container cannot load any.
BUILTIN = (
    "kernel/drivers/net/tun.ko",
    "kernel/drivers/net/vxlan/vxlan.ko",
    "kernel/net/netfilter/xt_CT.ko",
    "kernel/net/netfilter/xt_comment.ko",
    "kernel/net/netfilter/xt_connmark.ko",
    "kernel/net/netfilter/xt_conntrack.ko",
    "kernel/net/netfilter/xt_mark.ko",
    "kernel/fs/overlayfs/overlay.ko",
    "kernel/net/netfilter/nf_conntrack.ko",
    "kernel/net/ipv4/netfilter/ip_tables.ko",
)


@dataclass(frozen=True)
class Suite:
    """A Debian release and what its tree holds beside the common packages."""

    name: str
    extra: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """All packages of the tree."""
        return (*COMMON, *self.extra)


SUITES = {
    suite.name: suite
    for suite in (
        Suite("trixie"),
        Suite("bookworm", extra=("isc-dhcp-client", "locales")),
        # A mirror may be behind the validity date of the unstable release.
        Suite("sid", options=('--aptopt=Acquire::Check-Valid-Until "false"',)),
    )
}


def mirror() -> str:
    """The address that this machine's own apt fetches Debian's main component from."""
    listed = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT) $(ORIGIN)", "Created-By: Packages"]
    ).check()
    for line in listed.out.splitlines():
        address, component, origin = [*line.split(), "", "", ""][:3]
        if component == "main" and origin == "Debian":
            return address
    raise LabError("apt knows no Debian mirror: run apt-get update once")


def base_tree(suite: str, cache: Path) -> Path:
    """The tree of a release, built when the cache has none of exactly this content."""
    wanted = SUITES[suite]
    recipe = "\n".join(
        (
            wanted.name,
            *wanted.packages,
            *wanted.options,
            *LATER,
            *BUILTIN,
            platform.release(),
            Path(__file__).read_text(),
        )
    )
    tree = cache / f"tree-{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    if not tree.exists():
        unfinished = tree.with_name(f"{tree.name}-{os.getpid()}")
        _build(wanted, unfinished)
        unfinished.with_suffix(".debs").rename(distribution_packages(tree))
        unfinished.rename(tree)
    return tree


def distribution_packages(tree: Path) -> Path:
    """The folder with the distribution's own packages that a node installs later."""
    return tree.with_name(f"{tree.name}-debs")


def _build(suite: Suite, tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {suite.name} main"
    include = "--include=" + ",".join(suite.packages)
    run(
        ["mmdebstrap", "--variant=minbase", include, *suite.options, suite.name, str(tree), source], timeout=900
    ).check()
    _download_later(tree, tree.with_suffix(".debs"))
    _pretend_modules(tree)
    # A machine of the lab reaches the lab's own repository and nothing else.
    for path in (tree / "etc/apt/sources.list", *(tree / "etc/apt/sources.list.d").iterdir()):
        path.unlink(missing_ok=True)


def _download_later(tree: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (tree / "etc/resolv.conf").unlink(missing_ok=True)
    shutil.copyfile("/etc/resolv.conf", tree / "etc/resolv.conf")
    command = ["chroot", str(tree), "apt-get", "--quiet", "--yes", "--no-install-recommends"]
    run([*command, "update"], timeout=300).check()
    run([*command, "--download-only", "install", *LATER], timeout=300).check()
    for deb in (tree / "var/cache/apt/archives").glob("*.deb"):
        shutil.move(deb, folder / deb.name)
    shutil.rmtree(tree / "var/lib/apt/lists")
    (tree / "etc/resolv.conf").unlink()


def _pretend_modules(tree: Path) -> None:
    folder = tree / "lib/modules" / platform.release()
    folder.mkdir(parents=True)
    (folder / "modules.order").touch()
    (folder / "modules.builtin").write_text("".join(f"{name}\n" for name in BUILTIN))
    run(["chroot", str(tree), "depmod", platform.release()]).check()
