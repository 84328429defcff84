"""The files that a node's programs read: whole documents, which their readers can judge before any machine exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jinja2
from jinja2 import meta

from meshstrap.plan import names
from meshstrap.plan.model import NodePlan, Plan, RegistryMirror, Repository
from meshstrap.rendering import kubeadm
from meshstrap.rendering.quoting import make_environment, render_template
from meshstrap.rendering.yaml_text import yaml_document, yaml_documents
from meshstrap.resources import resource
from meshstrap.steps import step_named

TEMPLATES = resource("templates")
ROOT = TEMPLATES.parent


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file: its name, the variable that holds it in the script, and its text with a newline at the end."""

    name: str
    variable: str
    text: str


@cache
def environment() -> jinja2.Environment:
    """The templates of the project, each under its path: ``templates/…`` or ``scripts/steps/<step>/…``."""
    return make_environment(jinja2.FileSystemLoader(ROOT))


def _template(name: str, /, **values: Any) -> str:
    return render_template(environment(), f"{name}.j2", values)


def _kubeadm(plan: Plan, node: NodePlan) -> str:
    if node.is_control_plane:
        return yaml_documents(*kubeadm.control_plane_configuration(plan, node))
    return yaml_document(kubeadm.worker_configuration(plan, node))


def _kubelet_patch(_plan: Plan, node: NodePlan) -> str:
    return yaml_document(kubeadm.kubelet_patch(node.kubelet)) if node.kubelet else ""


# The documents that are data as a whole; every other one is a template in the folder of its step.
_DATA: dict[str, Callable[[Plan, NodePlan], str]] = {
    "kubelet-patch.yaml": _kubelet_patch,
    "kubeadm.yaml": _kubeadm,
    "cilium-values.yaml": lambda plan, _node: yaml_document(plan.cilium_values),
}


def render_documents(plan: Plan, node: NodePlan) -> tuple[Document, ...]:
    """The documents of a node's steps, in order. ``RenderFailed`` when a value does not fit into one."""
    named = [(step, item) for step in node.steps for item in step_named(step).documents.items()]
    texts = (
        Document(name=name, variable=variable, text=_document(step, name, plan, node))
        for step, (variable, name) in named
    )
    return tuple(document for document in texts if document.text)


@cache
def fixed_documents(step: str) -> tuple[Document, ...]:
    """The documents of a step that hold no value, and are therefore the same on every node."""
    templates = environment()
    found = []
    for variable, name in step_named(step).documents.items():
        path = f"scripts/steps/{step}/{name}"
        if name in _DATA:
            continue
        # Of what a template is given, names alone are the same for every inventory.
        if meta.find_undeclared_variables(templates.parse((ROOT / f"{path}.j2").read_text())) <= {"names"}:
            found.append(Document(name=name, variable=variable, text=_template(path, names=names)))
    return tuple(found)


def _document(step: str, name: str, plan: Plan, node: NodePlan) -> str:
    if name in _DATA:
        return _DATA[name](plan, node)
    return _template(f"scripts/steps/{step}/{name}", plan=plan, node=node, names=names)


# systemd's names for what scripts/steps/block_volume keeps on the volume.
_VOLUME_MOUNTS = ("var-lib-containerd.mount", "var-lib-kubelet.mount", "var-log-pods.mount")


def render_unit(plan: Plan, node: NodePlan) -> str:
    """The systemd unit that runs the bootstrap script at every boot; it is part of the user-data only.

    Not oneshot: a node that waits for hours must hold up neither the boot nor cloud-init.
    """
    mounts = _VOLUME_MOUNTS if node.block_volume else ()
    return _template("templates/meshstrap.service", node=node.name, cluster=plan.name, mounts=mounts)


def render_repository(repository: Repository, arch: str) -> str:
    """One package repository as apt (deb822) or dnf reads it."""
    if repository.kind == "deb":
        # A flat repository, whose suite is a path, has no component.
        components = (" ".join(repository.components),) if repository.components else ()
        return _template(
            "scripts/steps/package_sources/repository.sources",
            name=repository.name,
            url=repository.url,
            suite=repository.suite,
            components=components,
            arch=arch,
        )
    packages = ",".join(repository.packages)
    return _template(
        "scripts/steps/package_sources/repository.repo",
        name=repository.name,
        url=repository.url,
        packages=packages,
        signed_metadata=repository.signed_metadata,
    )


def render_registry(mirror: RegistryMirror) -> str:
    """A registry's hosts.toml: its images come from the mirror and from nowhere else.

    A URL with a path names the mirror's API root itself (``https://host/v2/project``); without one containerd adds
    ``/v2``.
    """
    has_path = urlsplit(mirror.url).path not in {"", "/"}
    return _template("scripts/steps/registry_mirrors/hosts.toml", url=mirror.url, has_path=has_path)
