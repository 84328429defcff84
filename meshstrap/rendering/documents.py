"""The files that a node's programs read: whole documents, which their readers can judge before any machine exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2

from meshstrap.plan.model import NodePlan, Plan, RegistryMirror, Repository
from meshstrap.rendering import kubeadm
from meshstrap.rendering.quoting import make_environment, render_template
from meshstrap.rendering.yaml_text import yaml_document, yaml_documents

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file: its name, the variable that holds it in the script, and its text with a newline at the end."""

    name: str
    variable: str
    text: str


@cache
def environment() -> jinja2.Environment:
    """The templates of the project."""
    return make_environment(jinja2.FileSystemLoader(TEMPLATES))


def _template(name: str, /, **values: Any) -> str:
    return render_template(environment(), f"{name}.j2", values)


@cache
def _fixed(name: str) -> str:
    """A document that is the same on every node."""
    return _template(name)


def _kubeadm(plan: Plan, node: NodePlan) -> str:
    if node.is_control_plane:
        return yaml_documents(*kubeadm.control_plane_configuration(plan, node))
    return yaml_document(kubeadm.worker_configuration(plan, node))


def sandbox_image(plan: Plan) -> str:
    """The image that holds a pod's namespaces."""
    return f"registry.k8s.io/pause:{plan.versions.pause}"


def _containerd(plan: Plan, _node: NodePlan) -> str:
    return _template("containerd.toml", sandbox_image=sandbox_image(plan))


def _kubelet_patch(_plan: Plan, node: NodePlan) -> str:
    return yaml_document(kubeadm.kubelet_patch(node.kubelet)) if node.kubelet else ""


# Variable in the script → name of the file and what makes its text. In the order in which the steps come.
_DOCUMENTS: dict[str, tuple[str, Callable[[Plan, NodePlan], str]]] = {
    "KERNEL_SYSCTLS": ("sysctl.conf", lambda _plan, _node: _fixed("sysctl.conf")),
    "FIREWALL_RULES": (
        "firewall.rules",
        lambda plan, _node: _template("firewall.rules", pod_subnet=plan.network.pod_subnet),
    ),
    "CONTAINERD_CONFIG": ("containerd.toml", _containerd),
    "CRICTL_CONFIG": ("crictl.yaml", lambda _plan, _node: _fixed("crictl.yaml")),
    "MESH_RULE_UNIT": (
        "meshstrap-mesh-rule.service",
        lambda plan, _node: _template("mesh-rule.service", tailnet_subnet=plan.network.tailnet_subnet),
    ),
    "TAILSCALED_DROP_IN": (
        "tailscaled.conf",
        lambda plan, _node: _template("tailscaled.conf", pod_subnet=plan.network.pod_subnet),
    ),
    "KUBELET_DROP_IN": ("kubelet.conf", lambda _plan, _node: _fixed("kubelet.conf")),
    "KUBELET_PATCH": ("kubelet-patch.yaml", _kubelet_patch),
    "KUBEADM_CONFIG": ("kubeadm.yaml", _kubeadm),
    "CILIUM_VALUES": ("cilium-values.yaml", lambda plan, _node: yaml_document(plan.cilium_values)),
    "CLUSTER_POLICIES": ("cluster-policies.yaml", lambda _plan, _node: _fixed("cluster-policies.yaml")),
}

DOCUMENT_VARIABLES = tuple(_DOCUMENTS)
"""The names that a script's header may hold a document under, in order."""

_CONTROL_PLANE_ONLY = frozenset(("CILIUM_VALUES", "CLUSTER_POLICIES"))


def render_documents(plan: Plan, node: NodePlan) -> tuple[Document, ...]:
    """The documents of one node. ``RenderFailed`` when a value does not fit into one."""
    documents = []
    for variable, (name, make) in _DOCUMENTS.items():
        text = "" if variable in _CONTROL_PLANE_ONLY and not node.is_control_plane else make(plan, node)
        if text:
            documents.append(Document(name=name, variable=variable, text=text))
    return tuple(documents)


# systemd's names for what scripts/steps/block_volume.sh keeps on the volume.
_VOLUME_MOUNTS = ("var-lib-containerd.mount", "var-lib-kubelet.mount", "var-log-pods.mount")


def render_unit(plan: Plan, node: NodePlan) -> str:
    """The systemd unit that runs the bootstrap script at every boot; it is part of the user-data only.

    Not oneshot: a node that waits for hours must hold up neither the boot nor cloud-init.
    """
    mounts = _VOLUME_MOUNTS if node.block_volume else ()
    return _template("meshstrap.service", node=node.name, cluster=plan.name, mounts=mounts)


def render_repository(repository: Repository, arch: str) -> str:
    """One package repository as apt (deb822) or dnf reads it."""
    if repository.kind == "deb":
        # A flat repository, whose suite is a path, has no component.
        components = (repository.component,) if repository.component else ()
        return _template(
            "repository.sources",
            name=repository.name,
            url=repository.url,
            suite=repository.suite,
            components=components,
            arch=arch,
        )
    packages = ",".join(repository.packages)
    return _template("repository.repo", name=repository.name, url=repository.url, packages=packages)


def render_registry(mirror: RegistryMirror) -> str:
    """A registry's hosts.toml: its images come from the mirror and from nowhere else.

    A URL with a path names the mirror's API root itself (``https://host/v2/project``); without one containerd adds
    ``/v2``.
    """
    has_path = urlsplit(mirror.url).path not in {"", "/"}
    return _template("hosts.toml", url=mirror.url, has_path=has_path)
