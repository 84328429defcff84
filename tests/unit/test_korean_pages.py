"""Every page for users is there in Korean too: outline, tables, commands, figures and links are the same, by section.

What a program writes between `<!-- name -->` and `<!-- /name -->` is held to its program in both languages by other
tests; of it only the shape is compared here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.readme import ROOT
from tests.unit.test_decisions import HANGUL, MONTH, NUMBER, PLAIN_FORM, month_number

# A record that a program writes: its sentences are the names of tests, and those are English.
RECORDS = {"docs/evidence.md"}
# For contributors, who work on an English code base.
NOT_FOR_USERS = {"CONTRIBUTING.md", "CHANGELOG.md"}
FOLDERS = (".", "generated", "docs")

FENCE = re.compile(r"^ *```")
MARK = re.compile(r"^<!-- (/?)(\w+) -->$")
HEADING = re.compile(r"^(#+) (.*)$")
ITEM = re.compile(r"^( *)(-|\d+\.) ")
CODE = re.compile(r"`[^`]+`")
LINK = re.compile(r"\]\(([^)]+)\)|<(https?://[^>]+)>|(?<![(<])(https?://[^\s`>)]+)")
# From the blanks before it to the end of the line; a command may be explained in the reader's own language.
COMMENT = re.compile(r"(^|\s+)# .*$")
QUOTED = re.compile(r'"[^"]*"')
# CommonMark ends no emphasis between a bracket and a Korean particle
# (https://spec.commonmark.org/0.31.2/#right-flanking-delimiter-run).
OPEN_EMPHASIS = re.compile(r"[^\w\s*(]\*+[가-힣]")


def english_pages() -> list[str]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).glob("**/*.md" if folder == "docs" else "*.md"))
    names = {path.relative_to(ROOT).as_posix() for path in found if not path.name.endswith(".ko.md")}
    return sorted(names - RECORDS - NOT_FOR_USERS)


PAGES = english_pages()
# Words of a block that needs no translation: `- Ubuntu: cp1, w1, w2.`
NAMES_ALONE = 5


def korean(page: str) -> str:
    return page.removesuffix(".md") + ".ko.md"


@dataclass
class Section:
    """A heading and what stands below it."""

    level: int
    title: str
    outline: list[str] = field(default_factory=list)
    """What kind of block each line begins, and how many cells a row has."""
    blocks: list[str] = field(default_factory=list)
    """Code, without its comments."""
    prose: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def lines_of(text: str) -> Iterator[tuple[str, bool, bool]]:
    """Each line, whether it is code, and whether a program has written it."""
    code = made = False
    for line in text.splitlines():
        if mark := MARK.match(line):
            made = not mark[1]
        fence = FENCE.match(line) is not None
        code = not code if fence else code
        yield line, code or fence, made


def sections(text: str) -> list[Section]:
    """A page as its sections."""
    found = [Section(0, "")]
    for line, code, made in lines_of(text):
        heading = None if code else HEADING.match(line)
        if heading:
            found.append(Section(len(heading[1]), heading[2]))
            found[-1].prose.append(heading[2])
        elif code:
            kind = "```" if FENCE.match(line) else ""
            found[-1].outline += [line] if kind else []
            found[-1].blocks += [] if made else [plain(line, found[-1])]
        else:
            found[-1].outline += list(shape(line))
            found[-1].prose += [] if made else [line]
            found[-1].links += [next(filter(None, link)) for link in LINK.findall(line)]
    return found


def plain(line: str, section: Section) -> str:
    """A line of code without what may be said in another language: a comment, and a label of a picture."""
    in_picture = next((kind for kind in reversed(section.outline) if kind.startswith("```")), "") == "```mermaid"
    return (QUOTED.sub('""', line) if in_picture else COMMENT.sub("", line)).rstrip()


def shape(line: str) -> Iterator[str]:
    """What of a line is not its wording."""
    if line.startswith("|"):
        yield f"row of {len(CODE.sub('', line).split('|'))}"
    elif match := ITEM.match(line) or MARK.match(line):
        yield match[0]
    elif not line:
        # Blocks may be longer in one language, but not more.
        yield ""


def target(link: str, page: str) -> str:
    """A link as both languages share it: without the language, and a place in a page as the number of its heading."""
    path, _, anchor = link.partition("#")
    if "://" in link:
        return link
    there = (ROOT / page).parent / path if path else ROOT / page
    assert there.exists(), f"{page}: {link} leads nowhere"
    slugs = [slug(section.title) for section in sections(there.read_text(encoding="utf-8"))] if anchor else []
    assert not anchor or anchor in slugs, f"{page}: there is no heading {anchor}"
    name = there.resolve().relative_to(ROOT).as_posix().replace(".ko.md", ".md")
    return f"{name}#{slugs.index(anchor)}" if anchor else name


def slug(title: str) -> str:
    """A heading's anchor at GitHub."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def numbers(section: Section) -> list[str]:
    prose = MONTH.sub(month_number, " ".join(section.prose))
    bare = re.sub(r"^\d+\. |" + LINK.pattern, "", CODE.sub("", prose))
    return sorted(NUMBER.findall(bare))


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def pairs(page: str) -> list[tuple[Section, Section]]:
    ours, theirs = sections(read(page)), sections(read(korean(page)))
    assert [section.level for section in ours] == [section.level for section in theirs]
    return list(zip(ours, theirs, strict=True))


def test_pages_for_users_are_found() -> None:
    assert {"README.md", "generated/README.md", "docs/decisions/README.md", "docs/decisions/vxlan.md"} <= set(PAGES)
    lonely = [name for name in map(korean, PAGES) if not (ROOT / name).exists()]
    assert not lonely, f"pages that users read, and that are not there in Korean: {lonely}"
    known = set(map(korean, PAGES))
    orphans = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).glob("*.ko.md")}
    assert orphans <= known


@pytest.mark.parametrize("page", PAGES)
def test_each_links_to_the_other_below_its_title(page: str) -> None:
    name = Path(page).name
    assert read(page).splitlines()[1:3] == ["", f"[한국어]({korean(name)})"]
    assert read(korean(page)).splitlines()[1:3] == ["", f"[English]({name})"]


@pytest.mark.parametrize("page", PAGES)
def test_headings_tables_items_and_blocks_follow_each_other_alike(page: str) -> None:
    for ours, theirs in pairs(page):
        assert ours.outline == theirs.outline, f"{ours.title} / {theirs.title}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_the_same_to_the_byte(page: str) -> None:
    for ours, theirs in pairs(page):
        assert ours.blocks == theirs.blocks, f"{ours.title} / {theirs.title}"
        names = [sorted(CODE.findall(" ".join(side.prose))) for side in (ours, theirs)]
        assert names[0] == names[1], f"{ours.title} / {theirs.title}"


@pytest.mark.parametrize("page", PAGES)
def test_figures_are_the_same(page: str) -> None:
    for ours, theirs in pairs(page):
        assert numbers(ours) == numbers(theirs), f"{ours.title} / {theirs.title}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_the_same_places(page: str) -> None:
    for ours, theirs in pairs(page):
        wanted = sorted(target(link, page) for link in ours.links)
        assert wanted == sorted(target(link, korean(page)) for link in theirs.links), f"{ours.title} / {theirs.title}"


@pytest.mark.parametrize("page", PAGES)
def test_a_korean_page_links_to_korean_pages(page: str) -> None:
    links = {link.partition("#")[0] for section in sections(read(korean(page))) for link in section.links}
    english = {link for link in links - {Path(page).name} if link.endswith(".md") and not link.endswith(".ko.md")}
    assert not [link for link in english if ((ROOT / page).parent / korean(link)).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_the_korean_page_is_korean_and_polite_throughout(page: str) -> None:
    prose = "\n".join(
        line for section in sections(read(korean(page))) for line in section.prose if not MARK.match(line)
    )
    for block in re.split(r"\n(?=- |\||\d+\. )|\n\n+", prose):
        said = CODE.sub("", LINK.sub("", block))
        assert HANGUL.search(said) or len(re.findall(r"\w+", said)) <= NAMES_ALONE, f"not translated: {block}"
        assert not PLAIN_FORM.search(said), block
        assert not OPEN_EMPHASIS.search(said), f"CommonMark does not end this emphasis: {block}"
