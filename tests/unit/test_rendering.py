"""A script is its header and the files of scripts/, and nothing else."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from meshstrap.errors import RenderFailed
from meshstrap.plan import NodePlan, Plan
from meshstrap.rendering import Script, parts, render_script
from meshstrap.rendering.adoption import HANDED_NAMES
from meshstrap.rendering.documents import Document
from meshstrap.rendering.files import files_for
from meshstrap.rendering.header import VALUE_NAMES, document_variables, render_header
from meshstrap.rendering.parts import SCRIPTS, assemble_files, without_directives
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan

NODES = [(example_plan(), node) for node in example_plan().nodes] + [
    (system_plan(system), node) for system in SYSTEMS for node in system_plan(system).nodes
]
IDS = [f"{node.os}-{node.name}" for _, node in NODES]
FILES = sorted(str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.sh"))
each_node = pytest.mark.parametrize(("plan", "node"), NODES, ids=IDS)


def example_script(name: str = "cp1") -> Script:
    return render_script(example_plan(), example_plan().node(name))


@each_node
def test_a_script_is_its_header_and_its_files(plan: Plan, node: NodePlan) -> None:
    script = render_script(plan, node)
    body = ""
    for file in files_for(node.steps, node.family):
        body += without_comments((SCRIPTS / file).read_text())
    assert script.linted.startswith(script.header)
    code = without_indentation(script.linted.removeprefix(script.header))
    assert code == without_indentation(body) + 'main "$@"\n'
    assert script.text == script.header + re.sub(r"^# shellcheck .*\n", "", script.code, flags=re.MULTILINE)


def without_comments(text: str) -> str:
    """Comments, blank lines and contracts go, except what shellcheck is told and what a here-document holds.

    What shellcheck is told keeps its rule and loses its reason; what opens a function loses what it takes.
    """
    documents = re.findall(r"(?<!<)<<[A-Z]+\n.*?^[A-Z]+\n", text, re.MULTILINE | re.DOTALL)
    for number, document in enumerate(documents):
        text = text.replace(document, f"\0{number}\n")
    text = re.sub(r"^[ \t]*(#(?! shellcheck disable=).*)?\n", "", text, flags=re.MULTILINE)
    text = re.sub(r'^: "\$\{.*\n', "", text, flags=re.MULTILINE)
    text = re.sub(r"^(.*(?:\(\) \{| shellcheck disable=[A-Z0-9,]+)) # .*$", r"\1", text, flags=re.MULTILINE)
    for number, document in enumerate(documents):
        text = text.replace(f"\0{number}\n", document)
    return text


@each_node
def test_bash_reads_the_script_and_lists_its_steps(plan: Plan, node: NodePlan) -> None:
    done = subprocess.run(
        ["bash", "-s", "--", "--list"], input=render_script(plan, node).text, capture_output=True, text=True, check=True
    )
    assert tuple(done.stdout.split()) == node.steps
    assert done.stderr == ""


@each_node
def test_the_header_assigns_constants_and_nothing_else(plan: Plan, node: NodePlan) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            'before=$(compgen -v); source /dev/stdin; compgen -v | grep -vxF "$before"; compgen -A function; :',
        ],
        input=render_script(plan, node).header,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) - {"before", "BASH_LINENO", "PIPESTATUS"} <= VALUE_NAMES | {
        "PLAN_HASH",
        *document_variables(),
    }


def without_indentation(text: str) -> str:
    """Where it stands is held by how bash understands it (``test_bash_understands_what_travels_as_the_source``)."""
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("file", FILES)
def test_bash_understands_what_travels_as_the_source(file: str) -> None:
    """Every statement, in and outside of functions, with each text in quotes and each here-document to the byte.

    But for the indentation of awk's programs, to which it says nothing.
    """
    whole = re.sub(r'^: "\$\{.*\n', "", (SCRIPTS / file).read_text(), flags=re.MULTILINE)
    programs = re.compile(r"\bawk (?:\$'\\n'|[^'\n])*'[^']*'")
    whole = programs.sub(lambda program: re.sub(r"\n +", "\n", program[0]), whole)
    code = assemble_files((file,)).text.removesuffix('main "$@"\n')
    assert understood(code) == understood(whole)
    assert understood(without_directives(code)) == understood(whole)


def test_what_bash_understands_tells_texts_in_quotes_and_here_documents_apart() -> None:
    """So the test above can fail."""
    assert understood("x() {\n  a\n}\n") == understood("x() {\na\n}\n")
    for text in ("a 'b\n c'\n", 'a "b\n c"\n', "a <<X\n c\nX\n"):
        assert understood(text) != understood(text.replace(" c", "c"))


def understood(text: str) -> str:
    """A file as bash prints what it has read, without running any of it."""
    program = f"whole() {{\n{text}}}\ndeclare -f whole"
    done = subprocess.run(["bash", "--norc"], input=program, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("a() { # <it's>\n  b\n}\n", "a() {\nb\n}\n"),
        ("  a 'b\n  # c\n\n    d' \\\n    e\n", "a 'b\n  # c\n\n    d' \\\ne\n"),
        ('  a "it\'s\n  \\"b\n  c"\n  d\n', 'a "it\'s\n  \\"b\n  c"\nd\n'),
        ("  a 'b\\'\n  c\n", "a 'b\\'\nc\n"),
        ("  a <<X\n  it's\n  # b\nX\n  c\n", "a <<X\n  it's\n  # b\nX\nc\n"),
        ("  # shellcheck disable=SC1 # it's\n  a\n", "# shellcheck disable=SC1\na\n"),
        (
            "  a=$(awk -v b=c '{\n    # d\n    e }' \\\n    f)\n  g 'h\n  i'\n",
            "a=$(awk -v b=c '{\n# d\ne }' \\\nf)\ng 'h\n  i'\n",
        ),
        ('  # it\'s\n\n  a "$(b "c")" \\\'\n  d\n', 'a "$(b "c")" \\\'\nd\n'),
    ],
)
def test_indentation_goes_but_for_quotes_and_here_documents(tmp_path: Path, source: str, kept: str) -> None:
    (tmp_path / "a.sh").write_text(source)
    parts.assemble_files.cache_clear()
    assert assemble_files(("a.sh",), tmp_path).text == f'{kept}main "$@"\n'


@each_node
def test_every_line_leads_back_to_its_source(plan: Plan, node: NodePlan) -> None:
    script = render_script(plan, node)
    unknown = 0
    for number, line in enumerate(script.linted.splitlines(), 1):
        place = script.source(number)
        if place is None:
            unknown += 1
        else:
            file, source_line = place
            source = (SCRIPTS.parent / file).read_text().splitlines()[source_line - 1].strip().partition(" # ")[0]
            assert source.strip() in {line.strip(), line.partition(" # ")[0].strip()}
    assert unknown == script.header.count("\n") + 1


def test_the_same_plan_gives_the_same_bytes() -> None:
    first = example_script()
    parts.assemble_files.cache_clear()
    second = example_script()
    assert first.text == second.text


ALIKE = """
cluster: {name: c}
accounts: [{name: a}, {name: b}, {name: c}]
nodes:
  - {name: cp1, account: a, role: control-plane}
  - {name: w1, account: b, role: worker}
  - {name: w2, account: c, role: worker}
"""


def test_nodes_of_one_shape_have_the_same_code_and_values_of_the_same_names() -> None:
    """So one of them is linted, and says enough of the others."""
    shapes: dict[str, set[tuple[str, ...]]] = {}
    for plan, node in NODES:
        script = render_script(plan, node)
        shapes.setdefault(script.code, set()).add(tuple(re.findall(r"^readonly (\w+)=", script.header, re.MULTILINE)))
    plan = plan_of(ALIKE)
    one, other = (render_script(plan, plan.node(name)) for name in ("w1", "w2"))
    assert one.code == other.code
    assert one.plan_hash != other.plan_hash
    assert [names for names in shapes.values() if len(names) > 1] == []


def test_the_hash_is_of_everything_else() -> None:
    script = example_script()
    line = f"readonly PLAN_HASH={script.plan_hash}\n"
    assert script.header.count(line) == 1
    assert hashlib.sha256(script.text.replace(line, "").encode()).hexdigest()[:16] == script.plan_hash


def test_every_file_reads_known_names() -> None:
    """What the first lines of a file ask for is a value, a document, or set by a file before it."""
    set_somewhere = set(
        re.findall(r"\b([A-Z][A-Z0-9_]*)(?:\+?=|\b(?=\s*$))", "".join((SCRIPTS / f).read_text() for f in FILES))
    )
    for file in FILES:
        asked = assemble_files((file,)).reads
        assert asked <= VALUE_NAMES | {"PLAN_HASH", *HANDED_NAMES, *document_variables()} | set_somewhere, file


def test_every_value_is_asked_for_and_every_name_that_a_file_asks_for_is_used() -> None:
    asked: set[str] = set()
    for file in FILES:
        code = assemble_files((file,))
        assert [name for name in code.reads if not re.search(rf"\b{name}\b", code.text)] == [], file
        asked |= code.reads
    assert VALUE_NAMES | set(document_variables()) <= asked


def test_a_header_holds_only_what_is_read() -> None:
    worker, control_plane = example_script("w2").header, example_script("cp1").header
    for name in ("CILIUM_VALUES", "HELM_URL", "BLOCK_DEVICE", "SELINUX", "LOGIN_USER"):
        assert f"readonly {name}=" not in worker
    assert "readonly CILIUM_VALUES=" in control_plane
    assert "readonly SELINUX=" in render_script(system_plan("oracle-9"), system_plan("oracle-9").node("w1")).header


def test_a_value_that_a_node_has_not_is_empty() -> None:
    plan = example_plan()
    header = render_header(plan, plan.node("w2"), (), frozenset(("BLOCK_DEVICE", "KUBELET_PATCH", "LOGIN_SERVER")))
    empty = ["readonly BLOCK_DEVICE=''", "readonly LOGIN_SERVER=''", "readonly KUBELET_PATCH=''"]
    assert header.splitlines()[-3:] == empty


def test_a_document_that_no_step_reads_is_refused() -> None:
    plan = example_plan()
    document = Document(name="kubelet-patch.yaml", variable="KUBELET_PATCH", text="a: 1\n")
    with pytest.raises(RenderFailed, match="node w1: no step reads KUBELET_PATCH"):
        render_header(plan, plan.node("w1"), (document,), frozenset(("NODE_NAME",)))


def test_no_contract_line_is_lost(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(
        ': "${ONE:?}" "${TWO[*]:?}"\n: "${THREE?}" # may be empty\n\n# : "${FOUR:?}"\nx() { :; }\n'
    )
    code = assemble_files(("a.sh",), tmp_path)
    assert code.reads == {"ONE", "TWO", "THREE"}
    assert code.parts[0].lines == (5,)
    assert code.parts[0].first_line == 1
