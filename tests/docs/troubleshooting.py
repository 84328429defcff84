"""The page *symptom, check, cause, fix*, made from the checks' own texts, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from meshstrap.verify.check import Check

_HEAD = {
    "en": """\
# Symptom, check, cause, fix

[한국어](troubleshooting.ko.md)

What `invoke verify` asks of every host, and with `--cluster` of the whole, and what to do where it is not so. Made from
the checks' own texts: after a change of one, `nox -s update-golden` writes this page anew. A check alone:
`pytest --hosts=ssh://ubuntu@cp1 -k the_node_is_ready`.

Commands run on the host that is named in the report. `NODE`, `FILE`, `ID`, `TAG` and `IMAGE` are yours to fill in.
""",
    "ko": """\
# 증상, 점검, 원인, 해결

[English](troubleshooting.md)

`invoke verify`가 모든 호스트에, `--cluster`를 붙이면 클러스터 전체에도 묻는 것과, 그렇지 않을 때 할 일입니다.
점검 자체의 글에서 만들었으며, 글을 고치면 `nox -s update-golden`이 이 페이지를 새로 씁니다. 점검 하나만 하려면:
`pytest --hosts=ssh://ubuntu@cp1 -k the_node_is_ready`

명령은 보고서에 나온 호스트에서 실행합니다. `NODE`, `FILE`, `ID`, `TAG`, `IMAGE`는 직접 채웁니다.
""",
}
_COLUMNS = {"en": "| what one sees | check | cause | what to do |", "ko": "| 보이는 증상 | 점검 | 원인 | 할 일 |"}
_SOURCE = {"en": "source", "ko": "출처"}


def troubleshooting_markdown(checks: Iterable[Check], language: str = "en") -> str:
    """The page: one table a topic, in the order of the report."""
    parts = [_HEAD[language]]
    for topic, of_topic in groupby(checks, key=lambda check: check.topic):
        rows = "".join(_row(check, language) for check in of_topic)
        parts.append(f"## {topic.replace('_', ' ')}\n\n{_COLUMNS[language]}\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def _row(check: Check, language: str) -> str:
    words = check.words
    link = f"[{_SOURCE[language]}]({words.source})" if words.source.startswith("https://") else words.source
    title = f"**{words.title.of(language)}**<br>`{check.name}`"
    cells = (words.symptom.of(language), title, f"{words.why.of(language)} ({link})", check.fix(language=language))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
