"""The repositories that a machine's package manager uses: apt's two forms and dnf's one, as one kind of thing."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

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


VENDORS = ("download.docker.com", "pkgs.k8s.io", "pkgs.tailscale.com")
"""Hosts that serve nothing but one vendor's packages."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One repository in use, and the file that names it.

    ``key``: the file of the keys that it is bound to; ``excluded``: never upgraded.
    """

    file: str
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


def beside(machine: Machine) -> Iterator[tuple[Repository, Source]]:
    """What offers the packages of a planned repository as well, in the way of the package manager.

    apt refuses to work at all when two sources of one place are bound to different keys. dnf takes both, and an upgrade
    then takes what ours holds back; from a vendor's own host every folder has them.
    """
    found = configured(machine.answers, machine.node.family)
    for repository in machine.node.repositories:
        ours = source_of(found, repository)
        for source in found:
            if ours is not None and source != ours and _is_in_the_way(source, ours, repository):
                yield repository, source


def _is_in_the_way(source: Source, ours: Source, repository: Repository) -> bool:
    same = source.url.rstrip("/") == ours.url.rstrip("/")
    if repository.kind != "rpm":
        return same and source.suite == ours.suite and source.key != ours.key
    host = urlsplit(ours.url).netloc
    offers = same or (host in VENDORS and urlsplit(source.url).netloc == host)
    return offers and not set(repository.packages) <= set(source.excluded)


def _stanzas(answers: Answers) -> Iterator[Source]:
    """deb822: sources.list(5)."""
    for path, text in answers.texts("/etc/apt/sources.list.d/*.sources").items():
        for stanza in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*?)\s*$", stanza, re.MULTILINE))
            if fields.get("Enabled", "yes").lower() in {"no", "false", "off", "0"}:
                continue
            for url in fields.get("URIs", "").split():
                for suite in fields.get("Suites", "").split():
                    components = tuple(fields.get("Components", "").split())
                    key = fields.get("Signed-By", "")
                    yield Source(file=path, url=url, suite=suite, components=components, key=key)


def _lines(answers: Answers) -> Iterator[Source]:
    """One line each, the older form."""
    for path, text in answers.texts("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list").items():
        for line in text.splitlines():
            if found := _LINE.match(line.strip()):
                options = dict(word.split("=", 1) for word in (found["options"] or "").split() if "=" in word)
                yield Source(
                    file=path,
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
                    file=path,
                    url=section.get("baseurl", ""),
                    key=section.get("gpgkey", "").removeprefix("file://"),
                    is_checked=section.get("gpgcheck", "0") in {"1", "yes", "true"},
                    excluded=tuple(excluded.replace(",", " ").split()),
                )
