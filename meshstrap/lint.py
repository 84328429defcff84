"""shellcheck and ``bash -n`` over the sources and over every rendered script, with findings that name the source.

Scripts of one shape (the same code behind a header of the same names) differ only in quoted values. One of them
is linted whole; of the others the header alone, less the statements that were linted already, many to a process.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from meshstrap.errors import LintFailed, Problem
from meshstrap.resources import resource

SHELLCHECK_RULES = resource(".shellcheckrc")
# More files to a process save its start (15 ms); fewer share the work between the cores more evenly.
BATCH = 50

_STATEMENT = re.compile(r"^(?=readonly )", re.MULTILINE)
_NAME = re.compile(r"^readonly (?:-\w+ )*(\w+)=(\(?)", re.MULTILINE)
_BASH_ERROR = re.compile(r"^(?P<file>.+?): line (?P<line>[0-9]+): (?P<message>.*)$", re.MULTILINE)


class Part(Protocol):
    """One source file inside a script: where it begins there, and the source's line behind each line."""

    @property
    def file(self) -> str:
        """The source's path, like ``scripts/lib/log.sh``."""

    @property
    def first_line(self) -> int:
        """The line of the script, from 1, that ``lines[0]`` stands on."""

    @property
    def lines(self) -> Sequence[int]:
        """The source's line, from 1, of each line of the part."""


class Script(Protocol):
    """What linting needs of a rendered script."""

    @property
    def text(self) -> str:
        """The whole script: ``header`` + ``code``."""

    @property
    def header(self) -> str:
        """All values that the node has."""

    @property
    def code(self) -> str:
        """The plain bash, the same on every node with the same steps."""

    @property
    def parts(self) -> Sequence[Part]:
        """The source files that ``code`` is made of."""


def lint_sources(scripts: Path) -> None:
    """Lint each ``*.sh`` below the folder alone. ``LintFailed`` with all findings, as ``scripts/…:line``."""
    files = {path: f"{scripts.name}/{path.relative_to(scripts)}" for path in sorted(scripts.rglob("*.sh"))}
    _raise(_lint([[path] for path in files], lambda path, line: (files[path], line)))


def lint_scripts(scripts: Mapping[str, Script], place: str = "generated/{node}/bootstrap.sh") -> None:
    """Lint every node's script. ``LintFailed`` with all findings; one in a header names the node's ``place``."""
    whole = _one_of_each_shape(scripts)
    seen = {statement for node in whole for statement in _STATEMENT.split(scripts[node].header)}
    rest = {node: _unseen(script.header, seen) for node, script in scripts.items() if node not in whole}
    suspects = _lint_texts({node: scripts[node].text for node in whole}, rest, scripts, place)
    # A statement taken out of the middle of a value leaves nonsense: what is found then is asked of the whole header.
    nodes = {place.format(node=node): node for node in rest}
    again = {nodes[finding.file]: scripts[nodes[finding.file]].header for finding in suspects if finding.file in nodes}
    kept = {finding for finding in suspects if finding.file not in nodes}
    _raise(kept | _lint_texts({}, again, scripts, place))


def _one_of_each_shape(scripts: Mapping[str, Script]) -> tuple[str, ...]:
    shapes: dict[object, str] = {}
    for node, script in scripts.items():
        shapes.setdefault((script.code, tuple(_NAME.findall(script.header))), node)
    return tuple(shapes.values())


def _unseen(header: str, seen: set[str]) -> str:
    """The header with each statement that was linted before left out, its line breaks kept for the line numbers."""
    first, *statements = _STATEMENT.split(header)
    kept = (text if text not in seen else "\n" * text.count("\n") for text in statements)
    text = first + "".join(kept)
    seen.update(statements)
    return text


def _lint_texts(
    whole: Mapping[str, str], headers: Mapping[str, str], scripts: Mapping[str, Script], place: str
) -> set[Problem]:
    with tempfile.TemporaryDirectory(prefix="meshstrap-lint-") as name:
        folder = Path(name)
        for node, text in (*whole.items(), *headers.items()):
            (folder / node).write_text(text, encoding="utf-8")

        def locate(path: Path, line: int) -> tuple[str, int]:
            return _source(scripts[path.name], line) or (place.format(node=path.name), line)

        small = [folder / node for node in headers]
        batches = [[folder / node] for node in whole] + [small[i : i + BATCH] for i in range(0, len(small), BATCH)]
        return _lint(batches, locate, headers=set(small))


def _source(script: Script, line: int) -> tuple[str, int] | None:
    for part in script.parts:
        if 0 <= line - part.first_line < len(part.lines):
            return part.file, part.lines[line - part.first_line]
    return None


def _lint(
    batches: Sequence[Sequence[Path]],
    locate: Callable[[Path, int], tuple[str, int]],
    headers: frozenset[Path] | set[Path] = frozenset(),
) -> set[Problem]:
    """Findings of both tools, two processes at a time."""

    def ask(batch: Sequence[Path]) -> list[tuple[Path, int, int, str]]:
        # Nothing in a header uses what it sets: the steps behind it do.
        options = ["--exclude=SC2034"] if batch[0] in headers else []
        return [*shellcheck_findings(batch, options), *bash_findings(batch)]

    with ThreadPoolExecutor(max_workers=2) as pool:
        found = [finding for findings in pool.map(ask, batches) for finding in findings]
    problems = set()
    for path, line, column, message in found:
        file, source_line = locate(path, line)
        problems.add(Problem(file=file, line=source_line, column=column, message=message))
    return problems


def shellcheck_findings(paths: Sequence[Path], options: Sequence[str]) -> Iterator[tuple[Path, int, int, str]]:
    """What one shellcheck finds in the files: file, line, column, message. ``LintFailed`` when it cannot run."""
    rules = ["--shell=bash", f"--rcfile={SHELLCHECK_RULES}", "--format=json1"]
    result = _run([_shellcheck_program(), *rules, *options, "--", *map(str, paths)])
    # 0 nothing found, 1 findings; anything else, or a word on stderr (a missing file of rules), is its own trouble.
    if result.returncode not in (0, 1) or result.stderr:
        raise LintFailed([Problem(file="shellcheck", line=1, column=1, message=result.stderr.strip())])
    for comment in json.loads(result.stdout)["comments"]:
        message = f"SC{comment['code']} ({comment['level']}): {comment['message']}"
        yield Path(comment["file"]), comment["line"], comment["column"], message


def bash_findings(paths: Sequence[Path]) -> Iterator[tuple[Path, int, int, str]]:
    """What bash cannot parse, in the same form. Many files are asked as one text, and each alone only if that fails."""
    bash = shutil.which("bash")
    if bash is None:
        raise LintFailed([Problem(file="bash", line=1, column=1, message="bash is not installed")])
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    if len(paths) > 1 and _run([bash, "-n"], text).returncode == 0:
        return
    for path in paths:
        for error in _BASH_ERROR.finditer(_run([bash, "-n", str(path)]).stderr):
            yield path, int(error["line"]), 1, f"bash -n: {error['message']}"


def _shellcheck_program() -> str:
    # The one that requirements.txt pins lies beside this Python; uv's layered environments have it on PATH.
    beside = Path(sysconfig.get_path("scripts"), "shellcheck")
    program = str(beside) if beside.exists() else shutil.which("shellcheck")
    if program is None:
        message = "shellcheck is not installed: pip install -r requirements.txt"
        raise LintFailed([Problem(file="shellcheck", line=1, column=1, message=message)])
    return program


def _run(command: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
    # A clean environment: SHELLCHECK_OPTS or a locale without UTF-8 would change what is found.
    return subprocess.run(
        command, input=text, capture_output=True, check=False, encoding="utf-8", env={"LC_ALL": "C.UTF-8"}
    )


def _raise(findings: Iterable[Problem]) -> None:
    problems = tuple(findings)
    if problems:
        raise LintFailed(problems)
