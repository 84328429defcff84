"""The header of a script: every value that its files read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from meshstrap.errors import RenderFailed
from meshstrap.plan.machines import KERNEL_MODULES, NEEDED_MODULES
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.plan.names import least_free_percent
from meshstrap.plan.network import TAILNET
from meshstrap.plan.packages import package_argument
from meshstrap.rendering.documents import (
    Document,
    environment,
    render_registry,
    render_repository,
)
from meshstrap.rendering.quoting import render_template
from meshstrap.steps import catalogue

Text = str | int | bool

_TEXTS: dict[str, Callable[[Plan, NodePlan], Text]] = {
    "NODE_NAME": lambda _plan, node: node.name,
    "NODE_ROLE": lambda _plan, node: node.role,
    "NODE_OS": lambda _plan, node: node.os,
    "NODE_ARCH": lambda _plan, node: node.arch,
    "LOGIN_USER": lambda _plan, node: node.login_user,
    "MINIMUM_CPUS": lambda _plan, node: node.minimum_cpus,
    "MINIMUM_MEMORY_MIB": lambda _plan, node: node.minimum_memory_mib,
    "MINIMUM_DISK_GIB": lambda _plan, node: node.minimum_disk_gib,
    "LEAST_FREE_PERCENT": least_free_percent,
    "BLOCK_DEVICE": lambda _plan, node: node.block_volume.device if node.block_volume else "",
    "BLOCK_SIZE_GIB": lambda _plan, node: node.block_volume.size_gib if node.block_volume else "",
    "BLOCK_FORMAT": lambda _plan, node: node.block_volume.format if node.block_volume else "",
    "SELINUX": lambda _plan, node: node.selinux,
    "POD_SUBNET": lambda plan, _node: str(plan.network.pod_subnet),
    "SERVICE_SUBNET": lambda plan, _node: str(plan.network.service_subnet),
    "TAILNET_SUBNET": lambda plan, _node: str(plan.network.tailnet_subnet),
    "ACCEPT_ROUTES": lambda plan, _node: "true" if plan.routing == TAILNET else "false",
    "LOGIN_SERVER": lambda plan, _node: plan.login_server,
    "API_ENDPOINT": lambda plan, _node: plan.api_endpoint,
    "API_PORT": lambda plan, _node: plan.api_port,
    "CONTROL_PLANE": lambda plan, _node: plan.control_plane,
    "KUBERNETES_VERSION": lambda plan, _node: plan.versions.kubernetes,
    "CILIUM_VERSION": lambda plan, _node: plan.versions.cilium,
    "CILIUM_CHART_URL": lambda plan, _node: plan.cilium_chart.url,
    "CILIUM_CHART_SHA256": lambda plan, _node: plan.cilium_chart.sha256,
    "CILIUM_AGENT_IMAGE": lambda plan, _node: plan.cilium_images.agent,
    "CILIUM_OPERATOR_IMAGE": lambda plan, _node: plan.cilium_images.operator,
    "SANDBOX_IMAGE": lambda plan, _node: plan.versions.sandbox_image,
    "HELM_VERSION": lambda plan, _node: plan.versions.helm,
    "HELM_URL": lambda _plan, node: node.helm.url,
    "HELM_SHA256": lambda _plan, node: node.helm.sha256,
    "TRUSTED_CA": lambda plan, _node: plan.trusted_ca.rstrip("\n"),
}

_LISTS: dict[str, Callable[[Plan, NodePlan], Iterable[str]]] = {
    "STEPS": lambda _plan, node: node.steps,
    "WAIVED_MACHINE_CHECKS": lambda _plan, node: node.waived_machine_checks,
    "KERNEL_MODULES": lambda _plan, _node: KERNEL_MODULES,
    "NEEDED_MODULES": lambda _plan, _node: NEEDED_MODULES,
    "TAILNET_TAGS": lambda plan, _node: plan.tags,
    "PACKAGES": lambda _plan, node: [package_argument(node.family, package) for package in node.packages],
    "HELD_PACKAGES": lambda _plan, node: [package.name for package in node.packages if package.held],
    "REPOSITORY_NAMES": lambda _plan, node: [repository.name for repository in node.repositories],
    "REPOSITORY_FILES": lambda _plan, node: [
        render_repository(repository, node.arch).rstrip("\n") for repository in node.repositories
    ],
    "REPOSITORY_KEY_URLS": lambda _plan, node: [" ".join(repository.key_urls) for repository in node.repositories],
    "REPOSITORY_KEY_FINGERPRINTS": lambda _plan, node: [
        " ".join(repository.key_fingerprints) for repository in node.repositories
    ],
    "REGISTRY_NAMES": lambda plan, _node: [mirror.registry for mirror in plan.registry_mirrors],
    "REGISTRY_HOSTS": lambda plan, _node: [render_registry(mirror).rstrip("\n") for mirror in plan.registry_mirrors],
}

VALUE_NAMES = frozenset((*_TEXTS, *_LISTS))
"""Every name that a header may hold a value under; documents have names of their own."""


@cache
def document_variables() -> tuple[str, ...]:
    """The names that a header may hold a document under, in the order of the steps."""
    return tuple(dict.fromkeys(variable for step in catalogue() for variable in step.documents))


def render_header(
    plan: Plan,
    node: NodePlan,
    documents: Iterable[Document],
    reads: frozenset[str],
    plan_hash: str = "",
    *,
    title: str = "header",
) -> str:
    """The values that ``reads`` asks for, in the order of the tables above.

    What is asked for and the node has not is empty. Without a ``plan_hash`` its line is left out: the hash is of
    everything else. ``title``: the template of the first lines. ``RenderFailed`` when a value cannot be quoted, or no
    step would write a document of the node.
    """
    texts: dict[str, Text] = {"PLAN_HASH": plan_hash} if plan_hash else {}
    texts |= {name: value(plan, node) for name, value in _TEXTS.items() if name in reads}
    texts |= _document_values(node, documents, reads)
    lists = {name: list(value(plan, node)) for name, value in _LISTS.items() if name in reads}
    titles = {"node": node.name, "role": node.role, "cluster": plan.name}
    return render_template(environment(), f"templates/{title}.sh.j2", titles) + render_values(texts, lists)


def render_texts(texts: Mapping[str, str]) -> str:
    """Assignments of constants, each text without the newline at its end."""
    return render_values({name: text.rstrip("\n") for name, text in texts.items()}, {})


def render_values(texts: Mapping[str, Text], lists: Mapping[str, list[str]]) -> str:
    """Assignments of texts, then of lists."""
    values = {"texts": texts.items(), "lists": lists.items()}
    return render_template(environment(), "templates/values.sh.j2", values)


def _document_values(node: NodePlan, documents: Iterable[Document], reads: frozenset[str]) -> dict[str, str]:
    texts = {document.variable: document.text.rstrip("\n") for document in documents}
    unread = sorted(texts.keys() - reads)
    if unread:
        raise RenderFailed(f"node {node.name}: no step reads {', '.join(unread)}, so the file would never be written")
    return {name: texts.get(name, "") for name in document_variables() if name in reads}
