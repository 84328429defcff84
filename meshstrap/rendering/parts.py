"""The plain bash below ``scripts/``, put together into the code of a script.

Comments, blank lines and contracts (`: "${NAME:?}"`) are left out, and so are what a function takes
(`name() { # <path>`), why shellcheck is told something and the indentation outside of quotes and in awk's programs: a
cloud's limit for user-data is small, and every line is in ``scripts/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from meshstrap.resources import resource

SCRIPTS = resource("scripts")

# Said to shellcheck, which reads the assembled script as well.
_KEPT_COMMENT = "# shellcheck disable="
_DIRECTIVE = re.compile(rf"^\s*{_KEPT_COMMENT}.*\n", re.MULTILINE)
_READ_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")
_CONTRACT = ': "${'
# Behind what opens a function, or what shellcheck is told, the rest of the line is for readers.
_REMARK = re.compile(r"^([a-z0-9_]+\(\) \{|\s*# shellcheck disable=[A-Z0-9,]+) #.*$")
# A quoting mark, or two backslashes, or what a backslash takes the meaning from.
_QUOTING = re.compile(r"\\.|['\"]")
# To awk, unlike to Python, indentation says nothing.
_AWK = re.compile(r"\bawk [^']*'")
_HEREDOC = re.compile(r"(?<!<)<<(?!<)['\"]?([A-Z]+)")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One source file in a script: ``lines[i]`` is the source's line behind line ``first_line + i`` of the script."""

    file: str
    first_line: int
    lines: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code that all nodes with the same files have in common. Lines of ``parts`` count from ``text``'s first line.

    ``reads``: the names that the files say they read, in their first lines (``: "${NAME:?}"``).
    """

    text: str
    parts: tuple[Part, ...]
    reads: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class _Source:
    file: str
    lines: tuple[tuple[int, str], ...]
    reads: frozenset[str]

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for _, line in self.lines)


@cache
def _read_source(name: str, scripts: Path) -> _Source:
    code = tuple(_kept_lines((scripts / name).read_text(encoding="utf-8")))
    contract = [line for _, line in code if line.startswith(_CONTRACT)]
    reads = (match for line in contract for match in _READ_VARIABLE.findall(line))
    # What a contract asks for is in the header: render_header sees to it, so a machine need not ask again.
    kept = tuple((number, line) for number, line in code if line not in contract)
    return _Source(file=f"scripts/{name}", lines=kept, reads=frozenset(reads))


def _kept_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines of code with their numbers; a here-document is kept as it is, and so is what begins within quotes.

    Of a program for awk the indentation goes, too.
    """
    end = quote = ""
    awk = False
    for number, line in enumerate(text.splitlines(), 1):
        if end:
            yield number, line
            end = "" if line == end else end
        elif quote or _is_code(line):
            kept = line if quote else _REMARK.sub(r"\1", line)
            kept = kept if quote and not awk else kept.lstrip(" ")
            yield number, kept
            awk = awk if quote else bool(_AWK.search(kept))
            opening = None if quote else _HEREDOC.search(kept)
            end = opening[1] if opening else ""
            quote = "" if kept.startswith(_KEPT_COMMENT) else _open_quote(kept, quote)


def _open_quote(line: str, quote: str) -> str:
    """The quoting mark that is open behind a line; ``quote``: the one that was open in front of it."""
    for mark in _QUOTING.findall(line):
        # Within single quotes a backslash is a character like any other.
        if quote == "'":
            quote = "" if mark.endswith("'") else quote
        elif mark in {quote, "'", '"'} and quote in {"", mark}:
            quote = "" if quote else mark
    return quote


def _is_code(line: str) -> bool:
    text = line.strip()
    return bool(text) and (not text.startswith("#") or text.startswith(_KEPT_COMMENT))


def without_directives(code: str) -> str:
    """The code without what shellcheck is told."""
    return _DIRECTIVE.sub("", code)


def source_text(name: str) -> str:
    """What travels of one file below ``scripts/``."""
    return _read_source(name, SCRIPTS).text


@cache
def assemble_files(names: tuple[str, ...], scripts: Path = SCRIPTS, entry: str = "main") -> Code:
    """The files below ``scripts/``, in that order; the last line calls ``entry``."""
    sources = [_read_source(name, scripts) for name in names]
    text, parts, line = "", [], 1
    for source in sources:
        text += source.text
        parts.append(Part(file=source.file, first_line=line, lines=tuple(number for number, _ in source.lines)))
        line += len(source.lines)
    text += f'{entry} "$@"\n'
    return Code(
        text=text,
        parts=tuple(parts),
        reads=frozenset().union(*(source.reads for source in sources)),
    )
