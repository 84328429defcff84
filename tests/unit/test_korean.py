"""`nox -s korean` finds what is missing, stale or different, and nothing else; English pages lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.korean.__main__ import complaints, note
from tests.korean.pages import page_names, pages, sections, target
from tests.korean.pair import ROOT, Pair
from tests.korean.texts import texts, texts_in_code

WORDS = "meshstrap/views/words/page.yaml"
ENGLISH = """# Title

[한국어](README.ko.md)

## First paste

Run `invoke render`; it takes 3 minutes, see [below](#first-paste).

```
invoke render    # writes it
```
"""
KOREAN = """# 제목

[English](README.md)

## 첫 붙여넣기

`invoke render`를 실행합니다. 3분 걸립니다. [아래](#첫-붙여넣기)를 보십시오.

```
invoke render    # 씁니다
```
"""


def found(pairs: list[Pair], seen: set[str] | None = None) -> list[str]:
    """What is said; all is taken for seen unless the test says otherwise."""
    return list(complaints(pairs, {pair.seal for pair in pairs} if seen is None else seen))


def of_text(root: Path, text: str, place: str = WORDS) -> list[Pair]:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return list(texts(root))


def of_page(root: Path, english: str = ENGLISH, korean: str = KOREAN) -> list[Pair]:
    (root / "README.md").write_text(english, encoding="utf-8")
    (root / "README.ko.md").write_text(korean, encoding="utf-8")
    return list(pages(root))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {en: one machine, ko: 머신 1대}", []),
        ("a: {en: 6 GiB, ko: GiB 6}", []),
        ("a: {en: one machine}", [".a: missing"]),
        ("a: [{b: {en: one}}]", [".a.0.b: missing"]),
        ("a: {en: one, ko: two}", [".a: not translated"]),
        ("a: {en: '{n} on `x`', ko: '{m}, `y`입니다'}", [".a: placeholders: n in", ".a: code: `x` in"]),
        ("a: {en: 'the *word*', ko: 낱말}", [".a: emphasis: *, * in English, none in Korean"]),
        ("a: {en: it is., ko: 그렇다.}", [".a: not 합니다체: 그렇다."]),
        ("a: {en: an auth key, ko: 로그인 키}", [".a: '로그인 키' is called '인증 키' elsewhere"]),
        ("a: {en: 'see {n}', ko: '{n} 보기'}", []),
        ("a: {en: 'see {n}', ko: '보기 {n}을 '}", [".a: a particle hangs on a value: }을"]),
    ],
)
def test_a_text(text: str, said: list[str], tmp_path: Path) -> None:
    lines = found(of_text(tmp_path, text))
    assert len(lines) == len(said), lines
    assert all(line.startswith(f"{WORDS}{start}") for line, start in zip(lines, said, strict=True)), lines


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3분", "4분", "figures: 3 in English, 4 in Korean"),
        ("`invoke render`를", "렌더를", "code: `invoke render` in English, none in Korean"),
        ("invoke render   ", "invoke plan   ", "commands are not the same to the byte"),
        ("실행합니다", "실행한다", "not 합니다체: "),
        ("#첫-붙여넣기", "#둘째", "README.ko.md: #둘째 leads nowhere"),
        ("를 실행합니다.", "\n\n- 를 실행합니다.", "tables, items and blocks do not follow each other alike"),
    ],
)
def test_a_page(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert found(of_page(tmp_path)) == []
    lines = found(of_page(tmp_path, korean=KOREAN.replace(old, new)))
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"README.md: First paste: {said}")


def test_a_page_without_a_korean_one_and_one_of_other_sections(tmp_path: Path) -> None:
    assert found(of_page(tmp_path, korean="# 제목\n")) == [
        "README.md: other sections than in English: , Title, First paste"
    ]
    (tmp_path / "README.ko.md").unlink()
    assert found(list(pages(tmp_path))) == ["README.md: missing"]


def test_what_changed_on_one_side_is_stale_until_somebody_has_read_both(tmp_path: Path) -> None:
    kept = tmp_path / "seen.txt"
    kept.touch()
    note(of_page(tmp_path), [], kept)
    seen = set(kept.read_text().split())
    assert found(of_page(tmp_path), seen) == []
    changed = of_page(tmp_path, ENGLISH.replace("it takes", "that takes"))
    assert found(changed, seen) == ["README.md: First paste: stale, or not read since it changed"]
    note(changed, ["README.md: Title"], kept)
    assert len(found(changed, set(kept.read_text().split()))) == 1
    note(changed, ["README.md: First"], kept)
    assert found(changed, set(kept.read_text().split())) == []
    # What breaks a rule has not been read, whatever somebody says.
    broken = of_page(tmp_path, korean=KOREAN.replace("3분", "4분"))
    note(broken, [], kept)
    assert len(found(broken, set(kept.read_text().split()))) == 1


def test_a_text_in_code(tmp_path: Path) -> None:
    (tmp_path / "meshstrap").mkdir()
    (tmp_path / "meshstrap" / "x.py").write_text(
        'A = {"en": ("one `x`", "two"), "ko": ("하나",)}\nB = {"en": {"a": "b"}}\n'
        'C = {"en": name, "ko": name}\nD = {"x": 1}\n'
    )
    assert found(list(texts_in_code(tmp_path))) == [
        "meshstrap/x.py:1.0: code: `x` in English, none in Korean",
        "meshstrap/x.py:1.1: missing",
        "meshstrap/x.py:2.a: missing",
    ]
    assert {pair.en for pair in texts_in_code()} >= {"source", " or ", "on Ubuntu and Debian"}


def test_the_texts_and_pages_of_the_project_are_among_those_that_are_compared() -> None:
    places = {pair.place.partition(".yaml")[0] for pair in texts()}
    wanted = ("meshstrap/decisions/texts/mtu", "scripts/steps/tailnet/step", "scripts/steps/tailnet/checks")
    assert {*wanted, "meshstrap/views/words/page", "meshstrap/verify/checks/secrets", "tests/readme"} <= places
    assert {"README.md", "generated/README.md"} <= set(page_names(ROOT))


@pytest.mark.parametrize("page", [*page_names(ROOT), "CONTRIBUTING.md", "docs/troubleshooting.md"])
def test_links_of_an_english_page_lead_somewhere(page: str) -> None:
    for section in sections((ROOT / page).read_text(encoding="utf-8")):
        for link in section.links:
            target(link, page)
