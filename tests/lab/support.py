"""The table of where meshstrap has run, made from what the lab has proven and from nothing else.

A test says what it proves with ``record_property("proven", [system, arch, column, value])``; a test that failed proves
nothing, whatever it said. ``proven.json`` keeps the claims, so that the table can be held to them without the lab.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.readme import say, write_part

PROVEN = Path(__file__).with_name("proven.json")
PART = "support"

Claim = tuple[str, str, str, str]

EMULATED = "emulated: "
"""How a claim begins that ``nox -s arm64`` proves, and ``nox -s lab`` cannot."""

SYSTEMS = {
    "debian-13": "Debian 13",
    "debian-12": "Debian 12",
    "ubuntu-24.04": "Ubuntu 24.04",
    "ubuntu-22.04": "Ubuntu 22.04",
    "oracle-10": "Oracle Linux 10",
    "oracle-9": "Oracle Linux 9",
}
ARCHITECTURES = ("arm64", "amd64")
# Key of a claim and of its heading → what is said when there is no claim; words of tests/readme.yaml.
COLUMNS = {"rendered": "no", "cloud-init": "no", "steps": "not_run"}
WHY_NOT = {("oracle-10", "steps"): "no_oracle", ("oracle-9", "steps"): "no_oracle"}
# What claims say, in other languages than that of the tests: a name in `code`, or a version, stays as it is.
_TRANSLATED = {"ko": {"yes": "예", "newest": "최신", "up to the tailnet": "tailnet까지", "up to (`.*`)": r"\1까지"}}
_TRANSLATED["ko"]["on a stand-in: up to (`.*`)"] = r"대역 머신에서 \1까지"
_TRANSLATED["ko"][f"{EMULATED}up to (`.*`)"] = r"에뮬레이션으로 \1까지"


def as_claim(words: Iterable[object]) -> Claim:
    """System, architecture, column and what is said there. ``ValueError``: the table has no place for it."""
    system, arch, column, value = map(str, words)
    if system not in SYSTEMS or arch not in ARCHITECTURES or column not in COLUMNS or not value:
        message = f"no place in the table for {system} {arch} {column} {value}"
        raise ValueError(message)
    return system, arch, column, value


def read_claims(path: Path = PROVEN) -> list[Claim]:
    """The claims as kept."""
    return [as_claim(words) for words in json.loads(path.read_text(encoding="utf-8"))]


def keep_claims(claims: Sequence[Claim]) -> None:
    """Keep claims, one a line, so that a difference reads well, and write the table anew in each language."""
    lines = ",\n".join(f"  {json.dumps(claim)}" for claim in claims)
    PROVEN.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    write_part(PART, lambda language: support_table(claims, language))


def is_emulated(claim: Claim) -> bool:
    """Whether a claim is about emulated machines."""
    return claim[-1].startswith(EMULATED)


def differences(claimed: Sequence[Claim], proven: Sequence[Claim]) -> list[str]:
    """Where the kept claims and those of a whole run differ."""
    return [f"claimed, but not proven by this run: {' '.join(claim)}" for claim in claimed if claim not in proven] + [
        f"proven, but not claimed: {' '.join(claim)}" for claim in proven if claim not in claimed
    ]


def support_table(claims: Sequence[Claim], language: str = "en") -> str:
    """The table in Markdown."""
    headings = [say(heading, language) for heading in ("system", "processor", *COLUMNS)]
    rows = [headings, ["---"] * len(headings)]
    rows += [
        [label, arch, *(_cell(claims, (system, arch, column), language) for column in COLUMNS)]
        for system, label in SYSTEMS.items()
        for arch in ARCHITECTURES
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(claims: Sequence[Claim], wanted: tuple[str, str, str], language: str) -> str:
    values = sorted({value for *place, value in claims if tuple(place) == wanted})
    if values:
        return ", ".join(translated(value, language) for value in values)
    system, _, column = wanted
    why = WHY_NOT.get((system, column))
    return say(COLUMNS[column], language) + (f": {say(why, language)}" if why else "")


def translated(value: str, language: str) -> str:
    """What a claim says, in another language; as it is when there are no words for it."""
    for said, other in _TRANSLATED.get(language, {}).items():
        if match := re.fullmatch(said, value):
            return match.expand(other)
    return value
