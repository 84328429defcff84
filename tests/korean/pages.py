"""The pages for users, section by section.

What a program writes between `<!-- name -->` and `<!-- /name -->` is held to its program in both languages by other
tests; of it only the shape is compared here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.korean.pair import ROOT, Pair
from tests.korean.rules import CODE, HANGUL, figures, same, style

# A record that a program writes: its sentences are the names of tests, and those are English.
RECORDS = {"docs/evidence.md"}
# Made from texts that are compared themselves.
MADE = ("docs/decisions/", "docs/troubleshooting.md", "docs/cis.md")
# For contributors, who work on an English code base.
NOT_FOR_USERS = {"CONTRIBUTING.md", "CHANGELOG.md"}
FOLDERS = (".", "generated", "docs")

FENCE = re.compile(r"^ *```")
MARK = re.compile(r"^<!-- (/?)(\w+) -->$")
HEADING = re.compile(r"^(#+) (.*)$")
ITEM = re.compile(r"^( *)(-|\d+\.) ")
LINK = re.compile(r"\]\(([^)]+)\)|<(https?://[^>]+)>|(?<![(<])(https?://[^\s`>)]+)")
# From the blanks before it to the end of the line; a command may be explained in the reader's own language.
COMMENT = re.compile(r"(^|\s+)# .*$")
QUOTED = re.compile(r'"[^"]*"')


# Words of a block that needs no translation: `- Ubuntu: cp1, w1, w2.`
NAMES_ALONE = 5


def page_names(root: Path) -> list[str]:
    """The pages that people have written for users, in English."""
    found = (path for folder in FOLDERS for path in (root / folder).glob("**/*.md"[0 if folder == "docs" else 3 :]))
    names = {path.relative_to(root).as_posix() for path in found if not path.name.endswith(".ko.md")}
    return sorted(name for name in names - RECORDS - NOT_FOR_USERS if not name.startswith(MADE))


def korean_name(page: str) -> str:
    """``README.ko.md``."""
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
    written: list[str] = field(default_factory=list)
    """What no program has made, as it stands."""


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
            found[-1].written.append(line)
            continue
        found[-1].written += [] if made else [line]
        if code:
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


def target(link: str, page: str, root: Path = ROOT) -> str:
    """A link as both languages share it: without the language, and a place in a page as the number of its heading.

    ``ValueError``: it leads nowhere.
    """
    path, _, anchor = link.partition("#")
    if "://" in link:
        return link
    there = (root / page).parent / path if path else root / page
    known = sections(there.read_text(encoding="utf-8")) if anchor and there.exists() else []
    slugs = [slug(section.title) for section in known]
    if not there.exists() or (anchor and anchor not in slugs):
        message = f"{page}: {link} leads nowhere"
        raise ValueError(message)
    name = there.resolve().relative_to(root).as_posix().replace(".ko.", ".")
    return f"{name}#{slugs.index(anchor)}" if anchor else name


def slug(title: str) -> str:
    """A heading's anchor at GitHub."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def figures_of(section: Section) -> list[str]:
    """Its numbers, but for those of items, code and links."""
    return figures(re.sub(r"^\d+\. |" + LINK.pattern, "", " ".join(section.prose)))


def pages(root: Path = ROOT) -> Iterator[Pair]:
    """Every section of every page, and the page itself where its Korean one is missing or cut otherwise."""
    for page in page_names(root):
        other = korean_name(page)
        if not (root / other).exists():
            yield Pair(place=page, en=(root / page).read_text(encoding="utf-8"), ko="")
            continue
        ours, theirs = (sections((root / name).read_text(encoding="utf-8")) for name in (page, other))
        if [section.level for section in ours] != [section.level for section in theirs]:
            titles = [section.title for section in ours]
            yield Pair(place=page, en="x", ko="x", wrong=(f"other sections than in English: {', '.join(titles)}",))
            continue
        for one, two in zip(ours, theirs, strict=True):
            wrong = (*section_rules(one, two), *link_rules(one, two, page, root))
            en, ko = ("\n".join(section.written) for section in (one, two))
            if not one.prose:
                continue
            yield Pair(place=f"{page}: {one.title or 'its head'}", en=en, ko=ko, wrong=wrong)


def section_rules(ours: Section, theirs: Section) -> Iterator[str]:
    """What two sections do not have in common, and what is not written as it should be."""
    if ours.outline != theirs.outline:
        yield "tables, items and blocks do not follow each other alike"
    if ours.blocks != theirs.blocks:
        yield "commands are not the same to the byte"
    yield from same("code", *(CODE.findall(" ".join(side.prose)) for side in (ours, theirs)))
    yield from same("figures", figures_of(ours), figures_of(theirs))
    prose = "\n".join(line for line in theirs.prose if not MARK.match(line))
    for block in re.split(r"\n(?=- |\||\d+\. )|\n\n+", prose):
        said = CODE.sub("", LINK.sub("", block))
        if not HANGUL.search(said) and len(re.findall(r"\w+", said)) > NAMES_ALONE:
            yield f"not translated: {block}"
        yield from style(said)


def link_rules(ours: Section, theirs: Section, page: str, root: Path) -> Iterator[str]:
    """Links lead to the same places, and from a Korean page to Korean pages."""
    other = korean_name(page)
    try:
        yield from same(
            "links",
            *([target(link, name, root) for link in side.links] for side, name in ((ours, page), (theirs, other))),
        )
    except ValueError as error:
        yield str(error)
    for link in theirs.links:
        name = link.partition("#")[0]
        if (
            name.endswith(".md")
            and not name.endswith(".ko.md")
            and name != Path(page).name
            and ((root / page).parent / korean_name(name)).exists()
        ):
            yield f"{link} has a Korean page"
