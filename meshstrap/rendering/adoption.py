"""A machine that runs already: one program of plain bash that asks whether it can be a node, and makes it one.

It holds the very files that the node's user-data has, with the same modes; no cloud's limit counts. It travels as text
on the input of a shell there, or as a file: never in arguments, which everybody on the machine can read.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.rendering.documents import render_documents
from meshstrap.rendering.files import ADOPT_FILES, files_for
from meshstrap.rendering.header import render_header, render_values
from meshstrap.rendering.parts import assemble_files, without_directives
from meshstrap.rendering.script import Script
from meshstrap.rendering.userdata import CLOUD_SETTINGS, File, unit_file, user_data_files
from meshstrap.rendering.yaml_text import yaml_document
from meshstrap.secrets import Secrets

CLOUD_CONFIG_PATH = "/etc/cloud/cloud.cfg.d/99-meshstrap.cfg"
"""Where a machine that was born with other user-data reads what the node's own user-data says of cloud-init."""

HANDED_NAMES = ("HANDED_PATHS", "HANDED_MODES", "HANDED_TEXTS")
"""The lists in front of the program's code: a file has the same place in each."""

MARK = "# adopt: "
"""How the program's second line begins."""


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The program twice: ``asks`` has nothing to hand over, and no secret in it; ``hands_over`` has both."""

    asks: str
    hands_over: str


def render_adoption(plan: Plan, node: NodePlan, script: Script, secrets: Secrets) -> Adoption:
    """What makes a machine that runs already this node. ``script`` is the node's own. ``RenderFailed``."""
    code = assemble_files((*files_for(node.steps, node.family), *ADOPT_FILES), entry="adopt")
    header = render_header(plan, node, render_documents(plan, node), code.reads, script.plan_hash, title="adopt")
    told = File(path=CLOUD_CONFIG_PATH, content=yaml_document(CLOUD_SETTINGS))
    files = {file.path: file for file in (told, unit_file(plan, node), *user_data_files(plan, node, script, secrets))}
    text = without_directives(code.text)
    return Adoption(asks=header + _handed(()) + text, hands_over=header + _handed(tuple(files.values())) + text)


def _handed(files: tuple[File, ...]) -> str:
    columns = (
        [file.path for file in files],
        ["600" if file.secret else "644" for file in files],
        [file.content for file in files],
    )
    return render_values({}, dict(zip(HANDED_NAMES, columns, strict=True)))
