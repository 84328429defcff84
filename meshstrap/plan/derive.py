"""Inventory to plan: the one place that puts the parts together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshstrap import compat
from meshstrap.inventory.machines import Node
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.rules_shapes import cpus_of
from meshstrap.inventory.shapes import SHAPES
from meshstrap.plan import machines
from meshstrap.plan.accounts import derive_account
from meshstrap.plan.cilium import cilium_images, cilium_values
from meshstrap.plan.control_plane import component_overrides, derive_api_server, derive_other
from meshstrap.plan.facts import derive_facts
from meshstrap.plan.kubelet import kubelet_configuration
from meshstrap.plan.merging import derive_overrides, merge_values
from meshstrap.plan.model import (
    Network,
    NodePlan,
    Override,
    Package,
    Plan,
    RegistryMirror,
    Repository,
    Versions,
)
from meshstrap.plan.network import TAILNET, derive_network
from meshstrap.plan.packages import node_packages
from meshstrap.plan.sources import cilium_chart, helm_archive, node_repositories
from meshstrap.plan.warnings import derive_warnings
from meshstrap.steps import steps_for

API_PORT = 6443
"""The API server's port, kubeadm's default."""


def derive_plan(inventory: Inventory) -> Plan:
    """Everything that follows from an inventory. Pure: the same inventory always gives the same plan."""
    cluster, sources = inventory.cluster, inventory.sources
    versions = _derive_versions(inventory)
    network = _derive_network(inventory)
    values = merge_values(_our_cilium_values(inventory), inventory.cilium.values)
    control_plane = next(node.name for node in inventory.nodes if node.role == machines.CONTROL_PLANE)
    return Plan(
        name=cluster.name,
        api_endpoint=cluster.api_endpoint,
        api_port=API_PORT,
        control_plane=control_plane,
        ca_cert_hash=cluster.ca_cert_hash,
        pods_reach_tailnet=cluster.pods_reach_tailnet,
        login_server=inventory.tailnet.login_server or "",
        tags=inventory.tailnet.tags,
        versions=versions,
        network=network,
        routing=inventory.cilium.routing,
        cilium_values=values,
        cilium_chart=cilium_chart(inventory),
        cilium_images=cilium_images(versions.cilium, values),
        kubelet=merge_values(kubelet_configuration(), cluster.kubelet),
        api_server=derive_api_server(cluster.api_server),
        controller_manager=derive_other(cluster.controller_manager),
        scheduler=derive_other(cluster.scheduler),
        waived_preflight=cluster.waive_preflight,
        registry_mirrors=tuple(RegistryMirror(registry=name, url=url) for name, url in sources.registries.items()),
        trusted_ca=sources.trusted_ca,
        code_url=sources.code.url if sources.code else "",
        accounts=tuple(derive_account(account, inventory) for account in inventory.accounts),
        nodes=_derive_nodes(inventory, versions),
        facts=derive_facts(
            network,
            versions,
            routing=inventory.cilium.routing,
            nodes=len(inventory.nodes),
            api=f"{cluster.api_endpoint}:{API_PORT}",
            ca_cert_hash=cluster.ca_cert_hash,
        ),
        collisions=compat.collisions(inventory),
        overrides=tuple(_derive_overrides(inventory)),
        warnings=(*compat.warnings(inventory), *compat.alpha_gates(inventory), *derive_warnings(inventory)),
    )


def _derive_versions(inventory: Inventory) -> Versions:
    return Versions(
        kubernetes=inventory.cluster.kubernetes_version,
        containerd=inventory.cluster.containerd_version,
        tailscale=inventory.tailnet.version,
        cilium=inventory.cilium.version,
        helm=inventory.cluster.helm_version,
        pause=compat.pause_image(inventory.cluster.kubernetes_version),
        cri_tools=compat.tool_version("cri-tools", inventory.cluster.kubernetes_version),
        kubernetes_cni=compat.tool_version("kubernetes-cni", inventory.cluster.kubernetes_version),
    )


def _derive_network(inventory: Inventory) -> Network:
    return derive_network(inventory.cluster.pod_subnet, inventory.cluster.service_subnet, inventory.cilium.routing)


def _our_cilium_values(inventory: Inventory) -> dict[str, Any]:
    cluster = inventory.cluster
    return cilium_values(
        _derive_network(inventory),
        routing=inventory.cilium.routing,
        api_endpoint=cluster.api_endpoint,
        api_port=API_PORT,
        hubble=inventory.cilium.hubble,
        own=inventory.cilium.values,
    )


def _derive_nodes(inventory: Inventory, versions: Versions) -> tuple[NodePlan, ...]:
    """The nodes. What depends on a node's system alone is derived once for each system: inventories may be large."""
    repositories = {system: node_repositories(inventory, system) for system in {node.os for node in inventory.nodes}}
    packages = {family: node_packages(family, versions) for family in machines.FAMILIES}
    regions = {account.name: account.region for account in inventory.accounts}
    return tuple(
        _derive_node(node, inventory, regions[node.account], repositories[node.os], packages)
        for node in inventory.nodes
    )


def _derive_node(
    node: Node,
    inventory: Inventory,
    region: str,
    repositories: tuple[Repository, ...],
    packages: Mapping[str, tuple[Package, ...]],
) -> NodePlan:
    system = machines.SYSTEMS[node.os]
    return NodePlan(
        name=node.name,
        role=node.role,
        account=node.account,
        region=region,
        os=node.os,
        arch=node.arch,
        family=system.family,
        login_user=node.login_user or system.login_user,
        address=node.address,
        shape=SHAPES[node.shape],
        ocpus=node.ocpus,
        cpus=cpus_of(node),
        memory_gib=node.memory_gib,
        boot_volume_gib=node.boot_volume_gib,
        minimum_cpus=machines.minimum_cpus(node.role),
        minimum_memory_mib=machines.minimum_memory_mib(node.role),
        minimum_disk_gib=machines.minimum_disk_gib(has_block_volume=node.block_volume is not None),
        block_volume=node.block_volume,
        labels=node.labels,
        taints=node.taints,
        kubelet=node.kubelet,
        selinux=inventory.cluster.selinux,
        waived_machine_checks=inventory.cluster.waive_machine,
        repositories=repositories,
        packages=packages[system.family],
        helm=helm_archive(inventory, node.arch),
        steps=steps_for(
            role=node.role,
            family=system.family,
            given=_given(node, inventory),
        ),
    )


def _given(node: Node, inventory: Inventory) -> Iterator[str]:
    if node.block_volume:
        yield "block_volume"
    if inventory.sources.registries:
        yield "registry_mirrors"
    if inventory.cilium.routing == TAILNET:
        yield "tailnet_routing"
    if inventory.sources.trusted_ca:
        yield "trusted_ca"


def _derive_overrides(inventory: Inventory) -> Iterator[Override]:
    kubelet = kubelet_configuration()
    cluster = merge_values(kubelet, inventory.cluster.kubelet)
    yield from derive_overrides("cilium.values", _our_cilium_values(inventory), inventory.cilium.values)
    yield from derive_overrides("cluster.kubelet", kubelet, inventory.cluster.kubelet)
    yield from component_overrides(inventory.cluster)
    for index, node in enumerate(inventory.nodes):
        yield from derive_overrides(f"nodes[{index}].kubelet", cluster, node.kubelet)
