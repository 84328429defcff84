"""The code of all steps as one file: no value and no secret in it, the same for every user of a version.

Which of it runs on a node is said by the node's values: STEPS, and NODE_OS for what Oracle Linux does in its own way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from meshstrap.plan.machines import APT, DNF
from meshstrap.rendering.compression import packed_program
from meshstrap.rendering.documents import TEMPLATES, environment, fixed_documents
from meshstrap.rendering.files import BASE_LIBRARIES, LIBRARY_ORDER, library_file
from meshstrap.rendering.header import render_texts
from meshstrap.rendering.parts import source_text, without_directives
from meshstrap.rendering.quoting import render_template
from meshstrap.steps import catalogue

FETCH_PATH = "/opt/meshstrap/fetch.py"
_NAME_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class CodeFile:
    """The file that nodes fetch. ``name`` holds the beginning of its checksum, so that versions lie side by side."""

    name: str
    text: str
    sha256: str

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.text.encode())


@cache
def render_code() -> CodeFile:
    """The code of all steps for all systems."""
    text = without_directives("".join(_pieces()))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return CodeFile(name=f"code-{sha256[:_NAME_LENGTH]}.sh", text=text, sha256=sha256)


def _pieces() -> Iterator[str]:
    yield "# The code of meshstrap's bootstrap.sh: a node's values come in front of it.\n"
    files = {name: (library_file(name, APT), library_file(name, DNF)) for name in LIBRARY_ORDER}
    common = [apt for apt, dnf in files.values() if apt == dnf]
    different = [pair for pair in files.values() if pair[0] != pair[1]]
    yield from (source_text(f"lib/{name}") for name in (*(f"{name}.sh" for name in BASE_LIBRARIES), *common))
    yield "if [[ $NODE_OS != oracle-* ]]; then\n"
    yield from (source_text(f"lib/{apt}") for apt, _ in different)
    yield "else\n"
    yield from (source_text(f"lib/{dnf}") for _, dnf in different)
    yield "fi\n"
    for step in catalogue():
        yield f"if [[ \" ${{STEPS[*]}} \" == *' {step.name} '* ]]; then\n"
        yield render_texts({document.variable: document.text for document in fixed_documents(step.name)})
        yield source_text(f"steps/{step.name}/step.sh")
        yield "fi\n"
    yield source_text("main.sh")
    yield 'main "$@"\n'


@cache
def code_variables() -> frozenset[str]:
    """The variables that the code sets itself, to documents without a value in them."""
    return frozenset(document.variable for step in catalogue() for document in fixed_documents(step.name))


def render_fetch(folder: str, code: CodeFile) -> str:
    """The last line of a script whose code is still to be fetched from below that URL.

    :func:`fetch_program` finds it by its ``exec``, and puts the code in its place.
    """
    values = {"url": f"{folder}/{code.name}", "sha256": code.sha256, "size": code.size}
    return render_template(environment(), "templates/fetch.sh.j2", values)


@cache
def fetch_program() -> str:
    """The program that fetches, packed: as it is it takes twice the room."""
    return packed_program(fetch_source())


def fetch_source() -> str:
    """The same, without its docstring and comments."""
    text = (TEMPLATES / "fetch.py").read_text(encoding="utf-8").split('"""\n\n', 1)[1]
    lines = (line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#"))
    return "".join(lines)
