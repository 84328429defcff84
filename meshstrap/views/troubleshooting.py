"""The page *symptom, check, cause, fix*, made from the checks' own texts, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshstrap.fleet.check import Check, sentence
from meshstrap.fleet.verdict import TOPICS
from meshstrap.plan.model import Fact
from meshstrap.views.words import load_words

_HEAD = {
    "en": """\
# Symptom, check, cause, fix

[한국어](troubleshooting.ko.md)

What `invoke verify` asks of every host, and with `--cluster` of the whole, and what to do where it is not so. Made from
the checks' own texts: after a change of one, `nox -s update-golden` writes this page anew. A check alone:
`pytest --hosts=ssh://ubuntu@cp1 -k test_the_node_is_ready`.

Commands run on the host that is named in the report. `NODE`, `FILE`, `ID`, `TAG` and `IMAGE` are yours to fill in.
""",
    "ko": """\
# 증상, 점검, 원인, 해결

[English](troubleshooting.md)

`invoke verify`가 모든 호스트에, `--cluster`를 붙이면 클러스터 전체에도 묻는 것과, 그렇지 않을 때 할 일입니다.
점검 자체의 글에서 만들었으며, 글을 고치면 `nox -s update-golden`이 이 페이지를 새로 씁니다. 점검 하나만 하려면:
`pytest --hosts=ssh://ubuntu@cp1 -k test_the_node_is_ready`

명령은 보고서에 나온 호스트에서 실행합니다. `NODE`, `FILE`, `ID`, `TAG`, `IMAGE`는 직접 채웁니다.
""",
}
_COLUMNS = {"en": "| what one sees | check | cause | what to do |", "ko": "| 보이는 증상 | 점검 | 원인 | 할 일 |"}
_SOURCE = {"en": "source", "ko": "출처"}
_OR = {"en": " or ", "ko": " 또는 "}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One check with the fact that it is about. ``test``: its name, ``test_the_node_is_ready``."""

    topic: str
    test: str
    check: Check
    fact: Fact

    def text(self, part: str, language: str) -> str:
        """``title``, ``symptom``, ``cause`` or ``fix``. ``KeyError``: it was not translated."""
        own = {
            "title": sentence(self.test),
            "symptom": self.check.symptom,
            "cause": self.fact.why,
            "fix": self.check.fix,
        }
        if language == "en":
            return own[part]
        words = load_words("troubleshooting")[self.test]
        # Commands alone are the same in every language.
        return own["fix"] if part == "fix" and "fix" not in words else words[part][language]  # type: ignore[index]


def troubleshooting_markdown(entries: Iterable[Entry], language: str = "en") -> str:
    """The page: one table a topic, in the order of the report."""
    found = list(entries)
    parts = [_HEAD[language]]
    for topic in TOPICS:
        rows = "".join(_row(entry, language) for entry in found if entry.topic == topic)
        parts.append(f"## {topic.replace('_', ' ')}\n\n{_COLUMNS[language]}\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def _row(entry: Entry, language: str) -> str:
    source, fix = entry.fact.source, entry.text("fix", language).replace("STEP", _OR[language].join(entry.check.steps))
    place = f"([{_SOURCE[language]}]({source}))" if source.startswith("https://") else f"({source})"
    check = f"**{entry.text('title', language)}**<br>`{entry.test}`"
    cells = (entry.text("symptom", language), check, f"{entry.text('cause', language)} {place}", fix)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
