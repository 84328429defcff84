"""What the lab's machines download, as vendors serve it: the same layouts, units and quirks, real programs inside."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .packages import Deb, SigningKey, write_repository
from .process import run
from .programs import module_sources, program_folder
from .tree import base_tree, distribution_packages

KUBERNETES = "1.36.3"
CONTAINERD = "2.3.6"
TAILSCALE = "1.102.5"
SUITE = "lab"

# The steps up to the tailnet only install these; the cluster's own tests replace them by the real programs.
_KUBELET = "#!/bin/sh\n[ \"$1\" != --version ] || { echo Kubernetes v%s; exit; }\necho 'no configuration' >&2\nexit 1\n"

KUBELET_UNIT = """\
[Unit]
Description=kubelet
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
[Install]
WantedBy=multi-user.target
"""

_CONTAINERD_UNIT = """\
[Unit]
Description=containerd container runtime
After=network.target dbus.service
[Service]
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNOFILE=infinity
TasksMax=infinity
[Install]
WantedBy=multi-user.target
"""

# Docker's package switches off the very plugin that Kubernetes needs.
_CONTAINERD_CONFIG = 'disabled_plugins = ["cri"]\n'


@dataclass(frozen=True)
class Sources:
    """What a lab's servers hold: ``folder`` is served, ``fingerprint`` is the key that signed it."""

    folder: Path
    fingerprint: str


def kubernetes_debs(version: str) -> list[Deb]:
    """The packages of the Kubernetes repository for the steps before the cluster."""
    stub = "#!/bin/sh\nexit 0\n"
    kubelet = {"/usr/bin/kubelet": _KUBELET % version, "/lib/systemd/system/kubelet.service": KUBELET_UNIT}
    return [
        Deb("kubelet", f"{version}-1.1", kubelet, units=("kubelet.service",)),
        Deb("kubeadm", f"{version}-1.1", {"/usr/bin/kubeadm": stub}),
        Deb("kubectl", f"{version}-1.1", {"/usr/bin/kubectl": stub}),
    ]


def crictl_deb(cache: Path) -> Deb:
    """crictl, which the Kubernetes repository calls cri-tools."""
    return Deb("cri-tools", "1.36.0-1.1", {"/usr/bin/crictl": program_folder("crictl", cache) / "crictl"})


def debian_runc(cache: Path) -> Path:
    """Debian's runc, out of the package beside the tree that the cluster's machines are made of."""
    tree = base_tree("trixie", cache)
    program = tree.with_name(f"{tree.name}-runc") / "usr/bin/runc"
    if not program.exists():
        (package,) = distribution_packages(tree).glob("runc_*.deb")
        run(["dpkg-deb", "--extract", str(package), str(program.parents[2])]).check()
    return program


def containerd_deb(version: str, programs: Path, runc: Path) -> Deb:
    """Docker's containerd.io, which carries its own runc."""
    names = ("containerd", "containerd-shim-runc-v2", "ctr")
    files: dict[str, Path | str] = {f"/usr/bin/{name}": programs / name for name in names}
    files["/usr/bin/runc"] = runc
    files["/lib/systemd/system/containerd.service"] = _CONTAINERD_UNIT
    files["/etc/containerd/config.toml"] = _CONTAINERD_CONFIG
    return Deb("containerd.io", f"{version}-1~lab", files, units=("containerd.service",))


def tailscale_deb(version: str, programs: Path) -> Deb:
    """Tailscale's package, with upstream's own units."""
    sources = module_sources("tailscale", "tailscale.com") / "cmd/tailscaled"
    units = {f"/lib/systemd/system/{name}": sources / name for name in _TAILSCALE_UNITS}
    files: dict[str, Path | str] = {path: source.read_text() for path, source in units.items()}
    files |= {
        "/usr/bin/tailscale": programs / "tailscale",
        "/usr/sbin/tailscaled": programs / "tailscaled",
        # The log uploader would look for its server on the internet.
        "/etc/default/tailscaled": 'PORT="41641"\nFLAGS="--no-logs-no-support"\n',
    }
    return Deb("tailscale", version, files, depends="iptables", units=("tailscaled.service",))


_TAILSCALE_UNITS = ("tailscaled.service", "tailscale-online.target", "tailscale-wait-online.service")


def serve_sources(folder: Path, cache: Path, trees: list[Path]) -> Sources:
    """Write the repositories of all vendors, and of the distribution for each tree, below ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    key = SigningKey(folder.with_name(f"{folder.name}-key"))
    containerd, tailscale = program_folder("containerd", cache), program_folder("tailscale", cache)
    tools = [
        crictl_deb(cache),
        Deb("kubernetes-cni", "1.9.1-1.1", {"/opt/cni/bin/loopback": "#!/bin/sh\nexit 0\n"}),
    ]
    # Two versions of each, the newer one not planned: a pin that is not exact would take it.
    write_repository(folder / "kubernetes", [*kubernetes_debs(KUBERNETES), *kubernetes_debs("1.36.9"), *tools], key)
    debs = [containerd_deb(version, containerd, debian_runc(cache)) for version in (CONTAINERD, "2.3.9")]
    write_repository(folder / "containerd", debs, key, suite=SUITE, component="stable")
    debs = [tailscale_deb(TAILSCALE, tailscale), tailscale_deb("1.102.9", tailscale)]
    write_repository(folder / "tailscale", debs, key, suite=SUITE)
    for tree in trees:
        write_repository(folder / tree.name, sorted(distribution_packages(tree).glob("*.deb")), key)
    key.close()
    return Sources(folder, key.fingerprint)
