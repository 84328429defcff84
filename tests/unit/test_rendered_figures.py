"""What the pages say of a render and of its sizes is about what a render says now; `nox -s update-golden` writes it."""

from __future__ import annotations

import base64
import hashlib
import math
import random
import re
import textwrap
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from meshstrap.language import LANGUAGES
from meshstrap.pipeline import pack_nodes, render_scripts
from meshstrap.plan import Plan
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.tasks import secrets
from tests.golden.cases import plan_of, secrets_for
from tests.readme import Made, place, readme, say, write_part
from tests.unit.test_tasks import Invoke, invoke

__all__ = ["invoke"]  # the fixture

LONGEST_README = 250
WORKERS = 10
# A number with what tells how exact it has to be: a share, bytes, or neither.
_NUMBER = re.compile(r"(\d+)( ?%)?")


def close(kept: str, made: str) -> list[str]:
    """Where two texts differ by more than what every change of a script moves: 3 % of bytes, 2 points of a share."""
    pairs = list(zip(_NUMBER.findall(kept), _NUMBER.findall(made), strict=False))
    far = [f"{old[0]}, now {new[0]}" for old, new in pairs if abs(int(old[0]) - int(new[0])) > slack(*new)]
    return far if words(kept) == words(made) else ["other words", *far]


def slack(number: str, share: str) -> float:
    return 2 if share else 0.03 * int(number) if int(number) >= 1000 else 0


def words(text: str) -> str:
    """Without numbers, and without what only lines a table up."""
    return re.sub(r"[ ─]+", " ", _NUMBER.sub("#", text))


def hold(part: str, made: Made, *, update: bool) -> None:
    if update:
        write_part(part, made)
    for language in LANGUAGES:
        path = readme(language, part)
        (kept,) = place(part).findall(path.read_text(encoding="utf-8"))
        assert close(kept, made(language)) == [], f"{path.name}: nox -s update-golden, and read the git diff"


def test_the_readme_shows_what_the_first_render_prints(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.setattr(secrets, "choice", random.Random(1).choice)  # noqa: S311 - good for nothing
    monkeypatch.setattr(secrets, "now", lambda: datetime(2026, 11, 29, tzinfo=UTC))
    said = invoke("render")
    assert (said.code, said.err) == (0, "")
    hold("render", lambda _: f"```\n{said.out}```\n", update=update_golden)


def fullest(code: str = "") -> Plan:
    """The largest cluster that is supported as one paste, or in two stages: nothing in it could be left out."""
    noise = base64.b64encode(hashlib.shake_256(b"a CA of 2048 bits").digest(900)).decode()
    certificate = "\n".join(["-----BEGIN CERTIFICATE-----", *textwrap.wrap(noise, 64), "-----END CERTIFICATE-----"])
    joins = "".join(f"  - {{name: w{number}, account: bob, role: worker}}\n" for number in range(1, WORKERS + 1))
    volume = "{device: /dev/oracleoci/oraclevdb, size_gib: 100, format: true}"
    return plan_of(
        "cluster: {name: homelab}\n"
        "tailnet: {login_server: 'https://headscale.example.net'}\n"
        "cilium: {hubble: true}\n"
        "accounts: [{name: alice}, {name: bob}]\n"
        "nodes:\n"
        f"  - {{name: cp1, account: alice, role: control-plane, block_volume: {volume}}}\n{joins}"
        f"sources:\n{code}  trusted_ca: |\n{textwrap.indent(certificate, '    ')}\n"
    )


def shares() -> dict[str, list[int]]:
    """Node → percent of the limit: inside and pasted, inside as b64, fetched and pasted, fetched as b64."""
    plans = (fullest(), fullest("  code: {url: 'https://files.example.net/meshstrap'}\n"))
    packed = [pack_nodes(plan, render_scripts(plan), secrets_for(plan)) for plan in plans]
    return {
        node: [
            math.ceil(100 * size / METADATA_LIMIT) for data in packed for size in (data[node].pasted, data[node].packed)
        ]
        for node in ("cp1", "w1")
    }


def shares_markdown(found: dict[str, list[int]], language: str) -> str:
    head = [say(key, language) for key in ("share", "inside pasted", "inside b64", "fetched pasted", "fetched b64")]
    rows = [
        [say(f"fullest {node}", language, workers=WORKERS), *(f"{percent} %" for percent in percents)]
        for node, percents in found.items()
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def test_the_page_shows_how_much_each_form_takes(update_golden: bool) -> None:
    found = shares()
    hold("shares", lambda language: shares_markdown(found, language), update=update_golden)


def test_the_fullest_control_plane_fits_in_the_form_that_is_recommended_for_it() -> None:
    plan = fullest("  code: {url: 'https://files.example.net/meshstrap'}\n")
    assert all(data.fits_pasted for data in pack_nodes(plan, render_scripts(plan), secrets_for(plan)).values())
    inside = replace(plan, code_url="")
    (large,) = (
        data for data in pack_nodes(inside, render_scripts(inside), secrets_for(inside)).values() if data.fetching
    )
    assert not large.fits_pasted


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_is_short(language: str) -> None:
    assert readme(language).read_text(encoding="utf-8").count("\n") <= LONGEST_README


@pytest.mark.parametrize(
    ("kept", "made", "far"),
    [
        ("cp1  18  55201  98%", "cp1   18   55999  100%", []),
        ("cp1  18  55201  98%", "cp1   18   59999  98%", ["55201, now 59999"]),
        ("cp1  18  55201  98%", "cp1   19   55201  95%", ["18, now 19", "98, now 95"]),
        ("two files", "three files", ["other words"]),
    ],
)
def test_what_has_moved_too_far_is_found(kept: str, made: str, far: list[str]) -> None:
    assert close(kept, made) == far
