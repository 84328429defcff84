"""Packages and the container runtime."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.model import Fact, NodePlan, Plan

_RUNTIMES = "https://kubernetes.io/docs/setup/production-environment/container-runtimes/"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topics packages and containerd."""
    yield from _packages(plan, node)
    yield from _containerd(plan)


def _packages(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    exact = ", ".join(f"{package.name} {package.version}" for package in node.packages if package.version)
    yield Fact(
        name="versions",
        value=f"installed: {exact}, and {', '.join(one.name for one in node.packages if not one.version)}",
        why="the cluster was put together from versions that are known to go together",
        source="meshstrap/compat/versions.yaml",
    )
    yield Fact(
        name="held",
        value=", ".join(package.name for package in node.packages if package.held),
        why="an upgrade of the system would otherwise move one node of the cluster, at a moment of its own",
        source="https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/",
    )
    places = ", ".join(f"{one.name} from {one.url}" for one in node.repositories)
    yield Fact(
        name="repositories",
        value=places,
        why="from anywhere else the same version may be another program",
        source="cluster.yaml sources.repositories",
    )
    keys = ", ".join(f"{one.name} {' or '.join(one.key_fingerprints)}" for one in node.repositories)
    yield Fact(
        name="keys",
        value=keys,
        why="a repository that is not bound to its key may hand out packages that anyone has signed",
        source="sources.list(5) Signed-By; dnf.conf(5) gpgkey",
    )
    yield from _state(plan)


def _state(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="whole",
        value="no package half installed",
        why="a power cut leaves packages unpacked whose services then start without their files",
        source="dpkg --audit",
    )
    yield Fact(
        name="current_programs",
        value="containerd, tailscaled and kubelet run the files that are installed",
        why="a package that was replaced below a running service takes effect at the next boot, when nobody looks",
        source="proc(5) exe",
    )
    yield Fact(
        name="trusted_ca",
        value="the plan's CA is among the system's" if plan.trusted_ca else "no CA but the system's",
        why="downloads from your own mirrors are refused without it",
        source="cluster.yaml sources.trusted_ca",
    )


def _containerd(plan: Plan) -> Iterator[Fact]:
    yield Fact(
        name="cri",
        value="containerd answers over CRI, and says that its runtime is ready",
        why="the package's own configuration switches that plugin off, and the kubelet knows no other way",
        source=f"{_RUNTIMES}#containerd",
    )
    yield Fact(
        name="systemd_cgroups",
        value="SystemdCgroup = true",
        why="with two managers of one tree of cgroups a node becomes unstable when memory is short",
        source=f"{_RUNTIMES}#cgroup-drivers",
    )
    yield Fact(
        name="containerd_current",
        value="started after the last change of its configuration",
        why="containerd reads its configuration at its start only: what is written is not yet what runs",
        source="containerd docs/man/containerd-config.toml.5.md",
    )
    yield Fact(
        name="containerd_at_boot",
        value="enabled",
        why="nothing else starts it after a boot",
        source="systemctl(1) is-enabled",
    )
    mirrors = ", ".join(f"{one.registry} from {one.url}" for one in plan.registry_mirrors)
    yield Fact(
        name="mirrors",
        value=mirrors or "images come from the registries themselves",
        why="the plan takes images from there and from nowhere else",
        source="cluster.yaml sources.registries",
    )
