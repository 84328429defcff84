"""All nodes of a cluster through every stage: what ``invoke render`` and ``invoke lint`` do, and the bench measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from meshstrap.compat import version_rules
from meshstrap.inventory import load_inventory
from meshstrap.plan import NodePlan, Plan, derive_plan
from meshstrap.rendering import Script, UserData, pack_user_data, render_code, render_documents, render_script
from meshstrap.rendering.documents import render_unit
from meshstrap.rendering.guards import judge_guards
from meshstrap.rendering.tokens import bootstrap_token_lines
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.secrets import Secrets
from meshstrap.views.page import PageNode, render_page

CODE_FOLDER = "code"
"""Beside the nodes' folders: what is to be put where the nodes fetch it."""

SECRET_FILES = ("user-data.yaml", "user-data.b64", "bootstrap_tokens", "bootstrap_token")
"""The files of a node that hold secrets."""

Track: TypeAlias = Callable[[Iterable[NodePlan], str, int], Iterable[NodePlan]]
"""Shows how far a stage is: the nodes, the stage's name, how many nodes."""


def load_plan(path: Path) -> Plan:
    """The plan that follows from an inventory file. ``InventoryNotFound`` and ``InventoryInvalid``."""
    return judge_guards(derive_plan(load_inventory(path, rules=(version_rules,))))


def silently(nodes: Iterable[NodePlan], stage: str, total: int) -> Iterable[NodePlan]:
    """A :data:`Track` that shows nothing."""
    del stage, total
    return nodes


def render_scripts(plan: Plan, track: Track = silently) -> dict[str, Script]:
    """Every node's bootstrap script, by node. ``RenderFailed``."""
    return {node.name: render_script(plan, node) for node in track(plan.nodes, "rendering", len(plan.nodes))}


def lintable_scripts(plan: Plan, scripts: Mapping[str, Script]) -> Mapping[str, Script]:
    """The scripts with the code of each node's own steps, whose lines lead back to ``scripts/``. ``RenderFailed``."""
    return render_scripts(replace(plan, code_url="")) if plan.code_url else scripts


def pack_nodes(
    plan: Plan, scripts: Mapping[str, Script], secrets: Secrets, track: Track = silently
) -> dict[str, UserData]:
    """Every node's user-data, by node. ``UserDataTooLarge`` for the first that is."""
    nodes = track(plan.nodes, "packing", len(plan.nodes))
    return {node.name: pack_user_data(plan, node, scripts[node.name], secrets) for node in nodes}


def node_files(
    plan: Plan, scripts: Mapping[str, Script], packed: Mapping[str, UserData], secrets: Secrets
) -> dict[str, str]:
    """Every file of every node, as ``node/name`` → text, for :func:`meshstrap.output.write_generated`; and the code."""
    files = {f"{plan.control_plane}/bootstrap_tokens": "".join(bootstrap_token_lines(plan, secrets))}
    for node in plan.nodes:
        data = packed[node.name]
        files[f"{node.name}/user-data.yaml"] = data.text
        files[f"{node.name}/user-data.b64"] = data.b64
        files[f"{node.name}/bootstrap.sh"] = scripts[node.name].text
        if token := secrets.bootstrap_token(node.name):
            files[f"{node.name}/bootstrap_token"] = f"{token.token.reveal()}\n"
        files[f"{node.name}/documents/meshstrap.service"] = render_unit(plan, node)
        for document in render_documents(plan, node):
            files[f"{node.name}/documents/{document.name}"] = document.text
    if plan.code_url:
        files[f"{CODE_FOLDER}/{render_code().name}"] = render_code().text
    return files


def holds_secret(file: str) -> bool:
    """Whether one of :func:`node_files` holds a secret, by its ``node/name``."""
    return file.rpartition("/")[2] in SECRET_FILES


def code_name(plan: Plan) -> str:
    """The file that the nodes fetch; empty when their code travels in the user-data."""
    return render_code().name if plan.code_url else ""


def page_text(plan: Plan, packed: Mapping[str, UserData], secrets: Secrets, *, secret: bool = True) -> str:
    """The page for people; without ``secret`` there is no user-data in it, and nothing about keys and tokens."""
    return render_page(
        plan,
        [_page_node(node, packed[node.name], secrets) for node in plan.nodes],
        limit=METADATA_LIMIT,
        secret=secret,
        code=code_name(plan),
    )


def _page_node(node: NodePlan, data: UserData, secrets: Secrets) -> PageNode:
    token = secrets.bootstrap_token(node.name)
    return PageNode(
        node=node,
        data=data,
        has_auth_key=secrets.auth_key(node.name) is not None,
        token_expires=token.expires if token else None,
    )
