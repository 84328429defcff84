"""The house of the design: who may import whom, and sizes that stay readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "meshstrap"
MODULES = sorted(PACKAGE.rglob("*.py"))
CHECKS = sorted((ROOT / "scripts" / "steps").glob("*/checks.py"))
PYTHON = [*MODULES, *CHECKS, ROOT / "tasks.py", ROOT / "noxfile.py"]
SHELL = sorted((ROOT / "scripts").rglob("*.sh"))

LONGEST_FILE = 260
LONGEST_FUNCTION = 45

# Room → what it may import besides itself, and does.
MAY_IMPORT = {
    "errors": set(),
    "resources": set(),
    "language": {"errors"},
    "own_yaml": set(),
    "stdout": set(),
    "steps": {"errors", "language", "resources", "own_yaml"},
    "files": {"errors"},
    "git": {"errors"},
    "decisions": {"errors", "language", "own_yaml"},
    "inventory": {"errors", "decisions"},
    "compat": {"errors", "inventory", "own_yaml"},
    "plan": {"decisions", "inventory", "compat", "steps"},
    "secrets": {"errors", "files", "git"},
    "rendering": {"errors", "compat", "plan", "resources", "secrets", "steps"},
    "lint": {"errors", "files", "rendering", "resources"},
    "output": {"errors", "files"},
    "page": {"errors", "files"},
    "ssh": {"errors"},
    "status": set(),
    "watch": {"plan", "views", "ssh", "status"},
    "verify": {"language", "plan", "ssh", "status", "steps", "own_yaml"},
    "views": {
        "errors",
        "language",
        "decisions",
        "compat",
        "plan",
        "rendering",
        "output",
        "verify",
        "steps",
        "own_yaml",
        "stdout",
    },
    "pipeline": {"inventory", "compat", "plan", "secrets", "rendering", "views"},
}
# They put the rooms together, and no room imports them.
MAY_IMPORT["tasks"] = {*MAY_IMPORT, "__version__"}
MAY_IMPORT["start"] = {"tasks"}
# What makes two runs differ comes in from the tasks.
OUTSIDE_WORLD = {"random", "time"}
# Programs that run on hosts and in pods, and ask what holds there.
ELSEWHERE = {"verify/cluster_asker.py", "verify/pod.py"}
HERE = [
    path
    for path in MODULES
    if path.relative_to(PACKAGE).as_posix() not in ELSEWHERE and path.parent != PACKAGE / "tasks"
]
WORLD_ATTRIBUTES = {("os", "environ"), ("os", "getenv"), ("datetime", "now"), ("Path", "cwd"), ("os", "getcwd")}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "meshstrap" else [module]


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = room_of(path)
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith("meshstrap.")} - {room}
    if room != "__init__":
        assert rooms <= MAY_IMPORT[room], f"{room} imports {sorted(rooms - MAY_IMPORT[room])}"


@pytest.mark.parametrize("path", CHECKS, ids=name_of)
def test_a_steps_checks_import_the_plan_and_the_verification_alone(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith(("meshstrap.", "scripts."))}
    assert rooms <= {"compat", "inventory", "plan", "verify"}


def test_the_table_has_every_room_and_no_arrow_that_is_gone() -> None:
    found: dict[str, set[str]] = {room_of(path): set() for path in MODULES}
    for path in MODULES:
        found[room_of(path)] |= {name.split(".")[1] for name in imports_of(path) if name.startswith("meshstrap.")}
    assert found.keys() - {"__init__"} == MAY_IMPORT.keys()
    gone = {room: MAY_IMPORT[room] - found[room] for room in MAY_IMPORT if room != "tasks"}
    assert {room: rooms for room, rooms in gone.items() if rooms} == {}


def test_contributors_are_told_of_every_room_and_every_folder_of_the_tests() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {room: (f"`meshstrap/{room}/`", f"`meshstrap/{room}.py`", f"`{room}.py`") for room in MAY_IMPORT}
    assert [room for room, names in rooms.items() if not any(name in text for name in names)] == []
    (row,) = re.findall(r"^\| `tests/` \| (.*) \|$", text, re.MULTILINE)
    folders = {path.name for path in (ROOT / "tests").iterdir() if (path / "__init__.py").exists()}
    assert folders - set(re.findall(r"`(\w+)`", row)) == set()


@pytest.mark.parametrize("path", [*PYTHON, *SHELL], ids=name_of)
def test_a_file_is_short_and_its_name_has_no_number(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE
    assert not any(character.isdigit() for character in path.name)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_function_is_short(path: Path) -> None:
    sizes = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions_of(path)}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_what_is_public_is_documented(path: Path) -> None:
    tree = tree_of(path)
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
    public = [
        node
        for body in bodies
        for node in body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    # A check is documented by its words, in the YAML beside it.
    checks = {node.name for node in public if any("TOPIC.check" in ast.unparse(one) for one in node.decorator_list)}
    assert [node.name for node in public if not ast.get_docstring(node) and node.name not in checks] == []


def test_what_a_linter_is_told_carries_its_reason() -> None:
    python = [path for folder in ("meshstrap", "scripts", "tests") for path in (ROOT / folder).rglob("*.py")]
    forms = [(python, r"# noqa: (?![A-Z0-9, ]+ - \w)"), (SHELL, r"# shellcheck disable=(?![A-Z0-9,]+ # \w)")]
    bare = {
        name_of(path): found
        for paths, form in forms
        for path in paths
        if path != Path(__file__) and (found := re.findall(f"{form}.*", path.read_text(encoding="utf-8")))
    }
    assert bare == {}


@pytest.mark.parametrize("path", HERE, ids=name_of)
def test_the_package_reads_neither_clock_nor_environment_and_prints_nothing(path: Path) -> None:
    assert OUTSIDE_WORLD.isdisjoint(imports_of(path))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in WORLD_ATTRIBUTES
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"


def test_the_verification_shares_no_code_with_rendering() -> None:
    for path in (PACKAGE / "verify").rglob("*.py"):
        assert not any(name.startswith("meshstrap.rendering") for name in imports_of(path)), path


def test_the_product_imports_neither_pytest_nor_its_own_tests() -> None:
    for path in PYTHON:
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert roots.isdisjoint({"pytest", "testinfra", "tests"}), path


_SWALLOWS = re.compile(r"(?:\[\[|\(\()(?:(?!\]\]|\)\)(?:\s|$)).)*\$\((?!<|\(|type -t )")
"""A command inside a condition: whatever its exit code, only its text counts. Of `$(<file)` the code is 1, a no."""


def swallowing(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if _SWALLOWS.search(line)]


@pytest.mark.parametrize("path", SHELL, ids=name_of)
def test_no_condition_swallows_an_exit_code(path: Path) -> None:
    """`[[ $(cmd) == x ]]` takes a command that could not answer for a no: `x=$(cmd)` first, then the comparison."""
    assert swallowing(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SHELL, ids=name_of)
def test_no_answer_of_systemd_is_not_taken_for_a_no(path: Path) -> None:
    """`is-active --quiet` and `is-enabled --quiet` say no by their exit code, as they do of a bus that timed out."""
    assert not re.search(
        r"systemctl .*(is-active|is-enabled|is-failed) .*(--quiet|-q)", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[[ $(timedatectl show) == UTC ]]", True),
        ('[[ -n $x && "$(a b)" == y ]] || z', True),
        ('(($(stat -c %Y "$file") <= started)) || return 1', True),
        ("zone=$(timedatectl show)", False),
        ("[[ $zone == UTC ]] || zone=$(other)", False),
        ('[[ $(<"$1") == "$text" ]]', False),
        ("((x == $((y + 1))))", False),
        ("((x)) || y=$(z)", False),
    ],
)
def test_the_form_that_swallows_is_found(line: str, found: bool) -> None:
    assert bool(swallowing(line)) == found
