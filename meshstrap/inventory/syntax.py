"""What is wrong with text that is not YAML, in words for someone who does not know YAML's grammar."""

from __future__ import annotations

import re

import yaml

_TAB = "a tab is used as indentation; YAML allows spaces only"
_TAB_WITHIN = "not YAML: a tab stands here; write a space"
_FORGOTTEN_QUOTE = "the quote that starts on line {context} is never closed"
_DEEPER = "line {before} has its value already; begin this line in the column of the key there"
_CONFLICT = "not YAML: a merge conflict of git begins on this line; settle it, and remove its marks"
# What git writes around the two sides (git-merge(1), HOW CONFLICTS ARE PRESENTED).
_CONFLICT_BEGINS = re.compile(r"^<{7} .*", re.MULTILINE)

# What PyYAML says (https://github.com/yaml/pyyaml, scanner.py and parser.py of 6.0), and what a person has to know.
# The first entry whose words are in PyYAML's sentence counts.
_EXPLANATIONS = (
    ("found unexpected end of stream", _FORGOTTEN_QUOTE),
    ("found unexpected document separator", _FORGOTTEN_QUOTE),
    ("mapping values are not allowed here", "a second ': ' on one line; quote the value if the colon belongs to it"),
    ("could not find expected ':'", "this line has no 'key: value'; is a colon or its indentation missing?"),
    ("expected ',' or ']'", "the list that starts with '[' on line {context} is not closed, or a comma is missing"),
    ("expected ',' or '}'", "the '{{' of line {context} is not closed, or a comma is missing"),
    ("expected <block end>", "this line is not indented like the lines before it"),
    ("cannot start any token", "a value cannot start with {character}; quote it"),
    ("unknown escape character", "unknown escape in double quotes; write \\\\ for a backslash, or use single quotes"),
    ("found undefined alias", "aliases are not allowed: every value stands where it is used"),
    ("undefined tag handle", "tags are not allowed; quote the value if the '!' belongs to it"),
    ("expected the node content", "a value is missing before {character}"),
    ("sequence entries are not allowed", "a list item ('- ') cannot start here; put it on a line of its own"),
    ("mapping keys are not allowed", "a key cannot start here; check the indentation"),
    ("expected a comment or a line break", "only a comment may follow here"),
    ("expected chomping or indentation", "a text block starts with '|', '|-' or '>' alone on its line"),
)


def place_of(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int]:
    """Line and column, from 1, where a person has to look."""
    if conflict := _CONFLICT_BEGINS.search(text):
        return text.count("\n", 0, conflict.start()) + 1, 1
    if error.problem_mark and _line_before(error, text):
        number = error.problem_mark.line
        line = text.split("\n")[number]
        return number + 1, len(line) - len(line.lstrip()) + 1
    # A key without its colon is noticed further on, by the next one that has it.
    begins = error.context_mark if "could not find expected ':'" in (error.problem or "") else None
    mark = begins or error.problem_mark or error.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def explain(error: yaml.MarkedYAMLError, text: str) -> str:
    """One plain sentence for a syntax error."""
    problem = error.problem or "cannot be read"
    mark = error.problem_mark or error.context_mark
    context = error.context_mark.line + 1 if error.context_mark else 1
    character = repr(text[mark.index]) if mark and mark.index < len(text) else "the end of the file"
    if _CONFLICT_BEGINS.search(text):
        return _CONFLICT
    if mark is not None and _is_tab_indented(text, mark.line):
        return _TAB
    if before := _line_before(error, text):
        return "not YAML: " + _DEEPER.format(before=before)
    if character == repr("\t") and "cannot start any token" in problem:
        return _TAB_WITHIN
    for words, explanation in _EXPLANATIONS:
        if words in problem:
            return "not YAML: " + explanation.format(context=context, character=character)
    return f"not YAML: {problem}"


def _line_before(error: yaml.MarkedYAMLError, text: str) -> int:
    """Of a key indented deeper than the one before it the line of that one, which has a value; 0: it is no such key."""
    if error.problem_mark is None or "mapping values are not allowed here" not in (error.problem or ""):
        return 0
    lines, number = text.split("\n"), error.problem_mark.line
    own = lines[number][: error.problem_mark.column]
    number -= 1
    while number >= 0 and not lines[number].strip():
        number -= 1
    before = lines[max(number, 0)]
    is_deeper = len(own) - len(own.lstrip()) > len(before) - len(before.lstrip())
    return number + 1 if is_deeper and ": " not in own and re.search(r": +[^\s#|>&*!]", before) else 0


def _is_tab_indented(text: str, line: int) -> bool:
    lines = text.split("\n")
    content = lines[line] if line < len(lines) else ""
    return "\t" in content[: len(content) - len(content.lstrip())]
