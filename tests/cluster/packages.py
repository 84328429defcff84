"""What the nodes install, as vendors package it, with the real programs of the cluster inside.

Kubernetes' layout and dependencies: https://github.com/kubernetes/release, cmd/krel/templates/latest (read 2026-11).
"""

from __future__ import annotations

from pathlib import Path

from tests.lab import packages as lab_packages
from tests.lab import vendors
from tests.lab.cached import cached
from tests.lab.packages import Deb
from tests.lab.programs import NATIVE, module_version, program_folder

_PROGRAMS = ("cni", "containerd", "crictl", "kubernetes", "tailscale")

# https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/kubelet-integration/ (read 2026-11)
_KUBEADM_DROP_IN = """\
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""


def kubernetes_debs(cache: Path, arch: str = NATIVE) -> list[Deb]:
    """The packages of the Kubernetes repository, less crictl's."""
    programs, cni = program_folder("kubernetes", cache, arch), program_folder("cni", cache, arch)
    version = f"{module_version('kubernetes', 'k8s.io/kubernetes')}-1.1"
    plugins = module_version("cni", "github.com/containernetworking/plugins")
    kubelet: dict[str, Path | str] = {
        "/usr/bin/kubelet": programs / "kubelet",
        "/usr/lib/systemd/system/kubelet.service": vendors.KUBELET_UNIT,
        "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n",
        # A package holds no empty folder.
        "/etc/kubernetes/manifests/.kubelet-keep": "",
        "/var/lib/kubelet/.kubelet-keep": "",
    }
    kubeadm: dict[str, Path | str] = {
        "/usr/bin/kubeadm": programs / "kubeadm",
        "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": _KUBEADM_DROP_IN,
    }
    networks: dict[str, Path | str] = {f"/opt/cni/bin/{path.name}": path for path in sorted(cni.iterdir())}
    networks["/etc/cni/net.d/.kubernetes-cni-keep"] = ""
    needed = "kubernetes-cni (>= 1.2.0), mount, util-linux"
    return [
        Deb("kubelet", version, kubelet, depends=needed, units=("kubelet.service",), arch=arch),
        Deb("kubeadm", version, kubeadm, arch=arch),
        Deb("kubectl", version, {"/usr/bin/kubectl": programs / "kubectl"}, arch=arch),
        Deb("kubernetes-cni", f"{plugins}-1.1", networks, arch=arch),
    ]


def package_pools(cache: Path) -> dict[str, list[Path]]:
    """The packages of each vendor's repository, built."""
    # runc's folder is named by the tree that it is taken from.
    programs = [*(program_folder(name, cache).name for name in _PROGRAMS), vendors.debian_runc(cache).parents[2].name]
    rooms = [Path(room.__file__ or "").read_text() for room in (lab_packages, vendors)]

    def make(folder: Path) -> None:
        for name, debs in _debs(cache).items():
            (folder / name).mkdir()
            for deb in debs:
                deb.build(folder / name)

    made = cached(cache, "packages", [*programs, *rooms, Path(__file__).read_text()], make)
    return {pool.name: sorted(pool.glob("*.deb")) for pool in made.iterdir()}


def _debs(cache: Path) -> dict[str, list[Deb]]:
    containerd = vendors.containerd_deb(
        vendors.CONTAINERD, program_folder("containerd", cache), vendors.debian_runc(cache)
    )
    tailscale = vendors.tailscale_deb(vendors.TAILSCALE, program_folder("tailscale", cache))
    kubernetes = [*kubernetes_debs(cache), vendors.crictl_deb(cache)]
    return {"kubernetes": kubernetes, "containerd": [containerd], "tailscale": [tailscale]}
