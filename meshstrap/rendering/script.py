"""A node's bootstrap script: its own values, then the plain bash that it shares with nodes of its shape."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.rendering.code import code_variables, render_code
from meshstrap.rendering.compression import xz_bytes
from meshstrap.rendering.documents import render_documents
from meshstrap.rendering.files import files_for
from meshstrap.rendering.header import render_header
from meshstrap.rendering.parts import Part, assemble_files


@dataclass(frozen=True, kw_only=True)
class Script:
    """One script. ``parts`` lead from its lines back to ``scripts/``.

    ``own``: this node's values. ``shared``: what nodes of its shape have in common, ``values`` and then ``code``.
    """

    own: str
    values: str
    code: str
    parts: tuple[Part, ...]
    plan_hash: str
    alone: bool

    @property
    def header(self) -> str:
        """All values, in front of the code."""
        return self.own + self.values

    @property
    def shared(self) -> str:
        """What all nodes of the shape have in common."""
        return self.values + self.code

    @property
    def text(self) -> str:
        """The whole script."""
        return self.own + self.shared

    @property
    def compressed(self) -> bytes:
        """The whole script as xz: one stream when the node is ``alone`` in its shape, else one made once for all of it.

        One stream is smaller (by 450 bytes for the example's control plane), two are faster for many nodes.
        """
        if self.alone:
            return xz_bytes(self.text.encode())
        return xz_bytes(self.own.encode()) + compress_shared(self.shared)

    def source(self, line: int) -> tuple[str, int] | None:
        """File and line behind a line of the script (both from 1); ``None`` for the header and the files' names."""
        for part in self.parts:
            if 0 <= line - part.first_line < len(part.lines):
                return part.file, part.lines[line - part.first_line]
        return None


def render_script(plan: Plan, node: NodePlan) -> Script:
    """One node's script, the same bytes for the same plan. ``RenderFailed`` when a value cannot be quoted.

    With a place to fetch the code from it is the code of all steps, which has no ``parts``: it is linted without.
    """
    code = assemble_files(files_for(node.steps, node.family))
    text, parts, inside = code.text, code.parts, frozenset[str]()
    if plan.code_url:
        text, parts, inside = render_code().text, (), code_variables()
    # What the node's steps read is the same in both forms: the rest of the fetched code does not run.
    reads = code.reads - inside
    documents = [document for document in render_documents(plan, node) if document.variable not in inside]
    unhashed = render_header(plan, node, documents, reads)
    plan_hash = hashlib.sha256((unhashed.own + unhashed.common + text).encode()).hexdigest()
    header = render_header(plan, node, documents, reads, plan_hash)
    above = header.own.count("\n") + header.common.count("\n")
    return Script(
        own=header.own,
        values=header.common,
        code=text,
        parts=tuple(Part(file=part.file, first_line=above + part.first_line, lines=part.lines) for part in parts),
        plan_hash=plan_hash,
        # There is one control plane (inventory/rules_machines.py).
        alone=node.is_control_plane,
    )


@lru_cache(maxsize=32)
def compress_shared(text: str) -> bytes:
    """What nodes of one shape share, compressed; a cluster has one shape for each role, system and architecture."""
    return xz_bytes(text.encode())
