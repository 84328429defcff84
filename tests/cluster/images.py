"""The images of the cluster lab: real OCI images with upstream's names and layouts, the lab's own programs inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.cached import cached
from tests.lab.process import LabError, run
from tests.lab.programs import module_sources, module_version, program_folder

from .chart import CILIUM
from .debian_layer import debian_layer, pack
from .registry import PORT, PrivateNetwork, place, serve_registry

PROBE = "quay.io/meshstrap/probe:1"

_PROGRAMS = ("cilium", "cni", "coredns", "crane", "etcd", "hubble", "kubernetes", "pause")
_ROOMS = ("debian_layer", "images", "registry")
_SEARCHED = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """An image. ``files``: path in it → a file or folder here; ``debian``: on top of the Debian layer."""

    name: str
    files: Mapping[str, Path]
    start: str
    debian: bool = False
    user: str = ""
    environment: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def layer(self, work: Path) -> Path:
        """The layer of its own files, packed."""
        stage, tar = work / "stage", work / "layer.tar"
        (stage / "tmp").mkdir(parents=True)
        (stage / "tmp").chmod(0o1777)
        for path, source in self.files.items():
            _copy(source, stage / path.lstrip("/"))
        for path, leads_to in self.links.items():
            (stage / path.lstrip("/")).symlink_to(leads_to)
        owners = ("--owner=0", "--group=0", "--numeric-owner")
        run(["tar", "--sort=name", "--mtime=@0", *owners, "-C", str(stage), "-cf", str(tar), "."]).check()
        shutil.rmtree(stage)
        return pack(tar)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)
        # A program or a script; what else there is does not mind.
        target.chmod(0o755)


def kubernetes_images(cache: Path) -> list[Image]:
    """What kubeadm names, less kube-proxy, which Cilium replaces."""
    kubernetes = program_folder("kubernetes", cache)
    version = module_version("kubernetes", "k8s.io/kubernetes")
    asked = [str(kubernetes / "kubeadm"), "config", "images", "list", f"--kubernetes-version=v{version}"]
    named = {name.rpartition(":")[0].rpartition("/")[2]: name for name in run(asked).check().out.split()}
    for image, module, path in (
        ("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        ("coredns", "coredns", "github.com/coredns/coredns"),
    ):
        if module_version(module, path) not in named[image]:
            raise LabError(f"kubeadm asks for {named[image]}, the lab builds {module_version(module, path)}")
    return [
        *(
            Image(named[name], {f"/usr/local/bin/{name}": kubernetes / name}, name)
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        # Go names the program after the last word of its path that is no version.
        Image(named["etcd"], {"/usr/local/bin/etcd": program_folder("etcd", cache) / "server"}, "etcd"),
        Image(named["coredns"], {"/coredns": program_folder("coredns", cache) / "coredns"}, "/coredns"),
        Image(named["pause"], {"/pause": program_folder("pause", cache) / "pause"}, "/pause", user="65535:65535"),
    ]


def cilium_images(cache: Path) -> list[Image]:
    """The agent's image, the operator's and that of Hubble's relay, as upstream's Dockerfiles lay them out."""
    version, sources = module_version("cilium", CILIUM), module_sources("cilium", CILIUM)
    programs = program_folder("cilium", cache)
    agent = {f"/usr/bin/{name}": programs / program for name, program in _AGENT_PROGRAMS.items()}
    agent |= {f"/{Path(script).name}": sources / script for script in _AGENT_SCRIPTS}
    agent |= {
        "/opt/cni/bin/cilium-cni": programs / "cilium-cni",
        "/cni/loopback": program_folder("cni", cache) / "loopback",
    }
    # What the agent compiles on each node.
    agent |= {f"/var/lib/cilium/bpf/{path.name}": path for path in _bpf(sources)}
    operator, relay = "/usr/bin/cilium-operator-generic", "/usr/bin/hubble-relay"
    hubble = program_folder("hubble", cache)
    # Beside the agent, where upstream has it too.
    agent |= {"/usr/bin/hubble": hubble / "hubble"}
    clang = {"/usr/bin/clang": "clang-19"}
    return [
        Image(f"quay.io/cilium/cilium:v{version}", agent, "/usr/bin/cilium-dbg", debian=True, links=clang),
        Image(f"quay.io/cilium/operator-generic:v{version}", {operator: programs / "operator"}, operator),
        Image(
            f"quay.io/cilium/hubble-relay:v{version}",
            {relay: hubble / "hubble-relay"},
            relay,
            user="65532:65532",
            environment=("GOPS_CONFIG_DIR=/tmp",),
        ),
    ]


_AGENT_PROGRAMS = {
    "cilium-agent": "daemon",
    "cilium-dbg": "cilium-dbg",
    "cilium-health-responder": "responder",
    "cilium-mount": "mount",
    "cilium-sysctlfix": "sysctlfix",
}
_AGENT_SCRIPTS = (
    "images/cilium/init-container.sh",
    "plugins/cilium-cni/cni-uninstall.sh",
    "plugins/cilium-cni/install-plugin.sh",
)


def _bpf(sources: Path) -> list[Path]:
    return [
        path for path in (sources / "bpf").iterdir() if path.suffix in {".c", ".h"} or path.name in {"include", "lib"}
    ]


def make_images(cache: Path) -> Path:
    """A folder as the registry serves it, with every image in it and their digests in ``digests.json``."""
    debian = debian_layer(cache)
    programs = [program_folder(name, cache).name for name in _PROGRAMS]
    rooms = [Path(__file__).with_name(f"{name}.py").read_text() for name in _ROOMS]

    def make(folder: Path) -> None:
        images = [*kubernetes_images(cache), *cilium_images(cache), Image(PROBE, {}, "/bin/sh", debian=True)]
        digests = _push(images, folder, debian, cache)
        (folder / "digests.json").write_text(json.dumps(digests, indent=1))

    return cached(cache, "images", [debian.parent.name, *programs, *rooms], make)


def read_digests(folder: Path) -> dict[str, str]:
    """The digest of each image of such a folder: ``sha256:…``."""
    digests: dict[str, str] = json.loads((folder / "digests.json").read_text())
    return digests


def _push(images: Sequence[Image], folder: Path, debian: Path, cache: Path) -> dict[str, str]:
    work = folder / "work"
    work.mkdir()
    with PrivateNetwork(work) as namespace:
        server = serve_registry(namespace, folder, work / "registry.yaml", cache, writable=True)
        crane = ["ip", "netns", "exec", namespace, str(program_folder("crane", cache) / "crane")]
        try:
            digests = {image.name: _push_one(image, work, debian, crane) for image in images}
        finally:
            server.stop()
    shutil.rmtree(work)
    return digests


def _push_one(image: Image, work: Path, debian: Path, crane: Sequence[str]) -> str:
    """Push the layers, then name what runs in them; the image's digest."""
    target = f"127.0.0.1:{PORT}/{place(image.name)}"
    layers = [debian] if image.debian else []
    if image.files:
        layers.append(image.layer(work))
    words = [f"--new_layer={layer}" for layer in layers]
    run([*crane, "append", "--oci-empty-base", *words, "--new_tag", target], timeout=600).check()
    settings = ["--set-platform", "linux/amd64", "--entrypoint", image.start]
    settings += [word for variable in (_SEARCHED, *image.environment) for word in ("--env", variable)]
    settings += ["--user", image.user] if image.user else []
    pushed = run([*crane, "mutate", target, "--tag", target, *settings], timeout=600).check()
    return pushed.out.strip().rpartition("@")[2]
