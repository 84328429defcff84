"""The repositories that a machine's package manager uses: apt's two forms and dnf's one, as one kind of thing."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass

from meshstrap.plan import Repository
from meshstrap.plan.machines import APT
from meshstrap.verify.answers import Answers, CannotTell
from meshstrap.verify.machine import Machine

_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<url>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)$")


FILES = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
    "/etc/yum.repos.d/*.repo",
)
"""Where they stand."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One repository in use. ``key``: the file of the keys that it is bound to; ``excluded``: never upgraded."""

    url: str
    suite: str = ""
    components: tuple[str, ...] = ()
    key: str = ""
    is_checked: bool = True
    excluded: tuple[str, ...] = ()


def configured(answers: Answers, family: str) -> list[Source]:
    """All repositories that are switched on."""
    if family == APT:
        return [*_stanzas(answers), *_lines(answers)]
    return list(_sections(answers))


def sources(machine: Machine) -> dict[str, tuple[Repository, Source | None]]:
    """What the machine's package manager has for each planned repository, by its name."""
    found = configured(machine.answers, machine.node.family)
    return {one.name: (one, source_of(found, one)) for one in machine.node.repositories}


def source_of(found: list[Source], repository: Repository) -> Source | None:
    """The one that is a planned repository."""
    for source in found:
        if source.url.rstrip("/") != repository.url.rstrip("/"):
            continue
        if repository.kind == "rpm" or (
            source.suite == repository.suite and set(repository.components) <= set(source.components)
        ):
            return source
    return None


def _stanzas(answers: Answers) -> Iterator[Source]:
    """deb822: sources.list(5)."""
    for text in answers.texts("/etc/apt/sources.list.d/*.sources").values():
        for stanza in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*?)\s*$", stanza, re.MULTILINE))
            if fields.get("Enabled", "yes").lower() in {"no", "false", "off", "0"}:
                continue
            for url in fields.get("URIs", "").split():
                for suite in fields.get("Suites", "").split():
                    components = tuple(fields.get("Components", "").split())
                    yield Source(url=url, suite=suite, components=components, key=fields.get("Signed-By", ""))


def _lines(answers: Answers) -> Iterator[Source]:
    """One line each, the older form."""
    for text in answers.texts("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list").values():
        for line in text.splitlines():
            if found := _LINE.match(line.strip()):
                options = dict(word.split("=", 1) for word in (found["options"] or "").split() if "=" in word)
                yield Source(
                    url=found["url"],
                    suite=found["suite"],
                    components=tuple(found["components"].split()),
                    key=options.get("signed-by", ""),
                    is_checked=options.get("trusted") != "yes",
                )


def _sections(answers: Answers) -> Iterator[Source]:
    """dnf: dnf.conf(5)."""
    for path, text in answers.texts("/etc/yum.repos.d/*.repo").items():
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(text)
        except configparser.Error as error:
            raise CannotTell(f"{path}: {error}") from error
        for name in parser.sections():
            section = parser[name]
            if section.get("enabled", "1") in {"1", "yes", "true"}:
                excluded = section.get("excludepkgs", section.get("exclude", ""))
                yield Source(
                    url=section.get("baseurl", ""),
                    key=section.get("gpgkey", "").removeprefix("file://"),
                    is_checked=section.get("gpgcheck", "0") in {"1", "yes", "true"},
                    excluded=tuple(excluded.replace(",", " ").split()),
                )
