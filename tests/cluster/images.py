"""The images of the cluster lab: real OCI images with upstream's names and layouts, the lab's own programs inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.lab.cached import cached
from tests.lab.process import LabError, run
from tests.lab.programs import NATIVE, module_sources, module_version, program_folder

from .chart import CILIUM
from .debian_layer import debian_layer, pack
from .registry import PORT, PrivateNetwork, place, serve_registry

PROBE = "quay.io/meshstrap/probe:1"

_PROGRAMS = ("cilium", "cni", "coredns", "crane", "etcd", "hubble", "kubernetes", "pause")
_ROOMS = ("debian_layer", "images", "registry")
_SEARCHED = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """An image for a processor. ``files``: path in it → a file or folder here; ``debian``: on top of a Debian layer."""

    name: str
    files: Mapping[str, Path]
    start: str
    debian: bool = False
    user: str = ""
    environment: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    arch: str = NATIVE

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
        pause_image(named["pause"], cache),
    ]


def pause_image(name: str, cache: Path, arch: str = NATIVE) -> Image:
    """What holds a pod's namespaces."""
    program = program_folder("pause", cache, arch) / "pause"
    return Image(name, {"/pause": program}, "/pause", user="65535:65535", arch=arch)


def cilium_images(cache: Path) -> list[Image]:
    """The agent's image, the operator's and that of Hubble's relay, as upstream's Dockerfiles lay them out."""
    version, programs = module_version("cilium", CILIUM), program_folder("cilium", cache)
    hubble = program_folder("hubble", cache)
    operator, relay = "/usr/bin/cilium-operator-generic", "/usr/bin/hubble-relay"
    return [
        # Hubble's program lies beside the agent, where upstream has it too.
        agent_image(cache, beside={"/usr/bin/hubble": hubble / "hubble"}),
        Image(f"quay.io/cilium/operator-generic:v{version}", {operator: programs / "operator"}, operator),
        Image(
            f"quay.io/cilium/hubble-relay:v{version}",
            {relay: hubble / "hubble-relay"},
            relay,
            user="65532:65532",
            environment=("GOPS_CONFIG_DIR=/tmp",),
        ),
    ]


def agent_image(cache: Path, arch: str = NATIVE, beside: Mapping[str, Path] = MappingProxyType({})) -> Image:
    """The agent's image; ``beside`` is what lies in it and the agent never calls."""
    version, sources = module_version("cilium", CILIUM), module_sources("cilium", CILIUM)
    programs, cni = program_folder("cilium", cache, arch), program_folder("cni", cache, arch)
    files = {f"/usr/bin/{name}": programs / program for name, program in _AGENT_PROGRAMS.items()}
    files |= {f"/{Path(script).name}": sources / script for script in _AGENT_SCRIPTS}
    files |= {"/opt/cni/bin/cilium-cni": programs / "cilium-cni", "/cni/loopback": cni / "loopback"}
    # What the agent compiles on each node.
    files |= {f"/var/lib/cilium/bpf/{path.name}": path for path in _bpf(sources)}
    return Image(
        f"quay.io/cilium/cilium:v{version}",
        {**files, **beside},
        "/usr/bin/cilium-dbg",
        debian=True,
        links={"/usr/bin/clang": "clang-19"},
        arch=arch,
    )


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
        with open_registry(folder, cache) as registry:
            digests = {image.name: registry.push(image, debian) for image in images}
        (folder / "digests.json").write_text(json.dumps(digests, indent=1))

    return cached(cache, "images", [debian.parent.name, *programs, *rooms], make)


def read_digests(folder: Path) -> dict[str, str]:
    """The digest of each image of such a folder: ``sha256:…``."""
    digests: dict[str, str] = json.loads((folder / "digests.json").read_text())
    return digests


@dataclass(frozen=True)
class OpenRegistry:
    """A registry that takes images. ``work`` is a folder for what is only needed meanwhile."""

    crane: Sequence[str]
    work: Path

    def push(self, image: Image, debian: Path) -> str:
        """Push the layers, then name what runs in them; the image's digest."""
        target = self.place(image.name)
        layers = [debian] if image.debian else []
        if image.files:
            layers.append(image.layer(self.work))
        words = [f"--new_layer={layer}" for layer in layers]
        self.run("append", "--oci-empty-base", *words, "--new_tag", target)
        settings = ["--set-platform", f"linux/{image.arch}", "--entrypoint", image.start]
        settings += [word for variable in (_SEARCHED, *image.environment) for word in ("--env", variable)]
        settings += ["--user", image.user] if image.user else []
        return self.run("mutate", target, "--tag", target, *settings).strip().rpartition("@")[2]

    def place(self, name: str) -> str:
        """Where an image of this name is pushed."""
        return f"127.0.0.1:{PORT}/{place(name)}"

    def run(self, *words: str) -> str:
        """What crane says."""
        return run([*self.crane, *words], timeout=600).check().out


@contextmanager
def open_registry(folder: Path, cache: Path) -> Iterator[OpenRegistry]:
    """Let images be pushed into a folder that a registry will serve."""
    work = folder / "work"
    work.mkdir()
    with PrivateNetwork(work) as namespace:
        server = serve_registry(namespace, folder, work / "registry.yaml", cache, writable=True)
        crane = ["ip", "netns", "exec", namespace, str(program_folder("crane", cache) / "crane")]
        try:
            yield OpenRegistry(crane, work)
        finally:
            server.stop()
    shutil.rmtree(work)
