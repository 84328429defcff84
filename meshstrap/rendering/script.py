"""A node's bootstrap script: its values, then the plain bash that it shares with every node of the same steps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.rendering.code import code_variables, render_code
from meshstrap.rendering.documents import render_documents
from meshstrap.rendering.files import files_for
from meshstrap.rendering.header import render_header
from meshstrap.rendering.parts import Part, assemble_files, without_directives

# A quarter of a SHA-256: it tells a node's plans apart, and is held to nothing. No compression makes a digit smaller.
_HASH_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class Script:
    """One script: a ``header`` of values, then ``code``. ``parts`` lead from the lines of both to ``scripts/``."""

    header: str
    code: str
    parts: tuple[Part, ...]
    plan_hash: str

    @property
    def text(self) -> str:
        """The whole script, without what shellcheck is told: 100 bytes of the cloud's limit."""
        return self.header + without_directives(self.code)

    @property
    def linted(self) -> str:
        """The whole script as shellcheck reads it."""
        return self.header + self.code

    def source(self, line: int) -> tuple[str, int] | None:
        """File and line behind a line of what is linted (both from 1); ``None`` for the header and the last line."""
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
    plan_hash = hashlib.sha256((unhashed + without_directives(text)).encode()).hexdigest()[:_HASH_LENGTH]
    header = render_header(plan, node, documents, reads, plan_hash)
    above = header.count("\n")
    return Script(
        header=header,
        code=text,
        parts=tuple(Part(file=part.file, first_line=above + part.first_line, lines=part.lines) for part in parts),
        plan_hash=plan_hash,
    )
