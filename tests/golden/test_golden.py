"""Did what we emit change? Headers, the files of each script, documents and the user-data around them.

The script's body is not kept: tests/unit/test_rendering.py holds it to scripts/ byte for byte.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from pathlib import Path

import pytest

from meshstrap.plan import NodePlan, Plan
from meshstrap.rendering import Document, Script, pack_user_data, render_documents, render_script
from meshstrap.rendering.files import files_for

from .cases import SYSTEMS, example_plan, secrets_for, system_plan

KEPT = Path(__file__).with_name("kept")
CASES = ("example", *SYSTEMS)

_HASH = re.compile(r"^readonly PLAN_HASH=.*$", re.MULTILINE)
_SCRIPT = re.compile(r"^( +)\S{1000,}$", re.MULTILINE)


def render_case(case: str) -> dict[str, str]:
    """Every kept file of a case by its path below the case's folder."""
    if case == "example":
        plan = example_plan()
        return {f"{node.name}/{name}": text for node in plan.nodes for name, text in whole_node(plan, node).items()}
    plan = system_plan(case)
    return {f"{node.name}.txt": node_in_short(plan, node) for node in plan.nodes}


def whole_node(plan: Plan, node: NodePlan) -> dict[str, str]:
    """Header, files, documents and user-data of one node."""
    script, documents = render_script(plan, node), render_documents(plan, node)
    user_data = pack_user_data(plan, node, script, secrets_for(plan)).text
    return {
        "header.sh": values_of(script, documents),
        "files.txt": files_of(node),
        "user-data.yaml": _SCRIPT.sub(r"\1…", user_data),
        **{f"documents/{document.name}": document.text for document in documents},
    }


def node_in_short(plan: Plan, node: NodePlan) -> str:
    """One node of one system. Documents differ little between systems: their checksums tell when one does."""
    script, documents = render_script(plan, node), render_documents(plan, node)
    sums = "".join(
        f"{hashlib.sha256(document.text.encode()).hexdigest()[:12]}  {document.name}\n" for document in documents
    )
    return f"{values_of(script, documents)}\n{files_of(node)}\n{sums}"


def values_of(script: Script, documents: tuple[Document, ...]) -> str:
    """The header without its hash, which is of the body too, and without documents, which have files of their own."""
    text = _HASH.sub("readonly PLAN_HASH=…", script.header)
    for document in documents:
        value = document.text.rstrip("\n").replace("'", "'\"'\"'")
        text = text.replace(f"readonly {document.variable}='{value}'", f"readonly {document.variable}=…")
    return text


def files_of(node: NodePlan) -> str:
    return "".join(f"scripts/{file}\n" for file in files_for(node.steps, node.family))


@pytest.mark.parametrize("case", CASES)
def test_rendering_is_as_kept(case: str, *, update_golden: bool) -> None:
    rendered, folder = render_case(case), KEPT / case
    if update_golden:
        write(folder, rendered)
    kept = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    difference = "".join(
        line
        for path in sorted({*kept, *rendered})
        for line in compare(path, kept.get(path, ""), rendered.get(path, ""))
    )
    assert not difference, f"{difference}\nIf this is meant: pytest tests/golden --update-golden, and read the git diff"


def test_no_case_is_orphaned() -> None:
    assert {path.name for path in KEPT.iterdir()} == set(CASES)


def compare(path: str, kept: str, rendered: str) -> list[str]:
    """A unified diff, empty when both are equal; the missing side is empty."""
    lines = kept.splitlines(keepends=True), rendered.splitlines(keepends=True)
    return list(difflib.unified_diff(*lines, fromfile=f"kept/{path}", tofile=f"rendered/{path}"))


def write(folder: Path, files: dict[str, str]) -> None:
    """Replace a case's folder: what is no longer rendered goes."""
    for path in folder.rglob("*"):
        if path.is_file() and str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
