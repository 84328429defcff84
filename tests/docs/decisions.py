"""The decision pages of docs/decisions/, made of the same texts as ``invoke explain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshstrap.decisions import Decision, decision, holds, load_flowchart, load_words, topics
from meshstrap.language import LANGUAGES, Figures
from meshstrap.views.explain import PARTS, REFUSED, Say, speaker

INDEX = "README"


def decision_pages(figures: Figures) -> dict[str, str]:
    """Every page as file name → Markdown: an index and one for each topic, in both languages."""
    pages = {}
    for language in LANGUAGES:
        pages[page_name(INDEX, language)] = _index(language, figures)
        for topic in topics():
            pages[page_name(topic, language)] = _page(decision(topic), language, figures)
    return pages


def page_name(topic: str, language: str) -> str:
    """``vxlan.md``, ``vxlan.ko.md``."""
    return f"{topic}.md" if language == LANGUAGES[0] else f"{topic}.{language}.md"


def _page(wanted: Decision, language: str, figures: Figures) -> str:
    say, words = speaker(language, figures), load_words()
    related = "".join(f"- [{say(decision(name).title)}]({page_name(name, language)})\n" for name in wanted.related)
    bodies = {part: "".join(_body(wanted, part, figures, say)) for part in PARTS} | {"related": related}
    return _joined(
        f"# {say(wanted.title)}",
        _other(wanted.topic, language),
        say(wanted.summary),
        *(f"## {say(words[part])}\n\n{body}" for part, body in bodies.items() if body),
        *([say(words["guide"])] if wanted.names_the_guide else []),
    )


def _body(wanted: Decision, part: str, figures: Figures, say: Say) -> Iterator[str]:
    if part == REFUSED:
        for item in holds(wanted.refused, figures):
            yield f"- **{say(item.name)}**: {say(item.cost)}.\n"
        return
    for paragraph in holds(getattr(wanted, part), figures):
        yield f"- {say(paragraph)}" + (f" <{paragraph.link}>\n" if paragraph.link else "\n")


def _index(language: str, figures: Figures) -> str:
    say, words, flowchart = speaker(language, figures), load_words(), load_flowchart()
    tradeoffs = flowchart.tradeoffs
    costs = [[say(cell) for cell in row] for row in (tradeoffs.columns, *tradeoffs.rows)]
    links = [[f"[`{topic}`]({page_name(topic, language)})", say(decision(topic).summary)] for topic in topics()]
    return _joined(
        f"# {say(words['pages_title'])}",
        _other(INDEX, language),
        say(words["pages"]),
        f"## {say(words['path'])}",
        f"```mermaid\n{''.join(_mermaid(say))}```",
        f"## {say(tradeoffs.title)}",
        _table(costs),
        say(tradeoffs.note),
        f"## {say(words['by_topic'])}",
        _table([[say(words["topic"]), say(words["in_short"])], *links]),
    )


def _joined(*blocks: str) -> str:
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---" for _ in head], *rest))


def _mermaid(say: Say) -> Iterator[str]:
    """The whole flowchart: every question, every answer, and where it leads."""
    flowchart = load_flowchart()
    yield "flowchart TD\n"
    for question in flowchart.questions:
        name = question.id.replace("-", "_")
        yield f'  {name}{{"{say(question.question)}"}}\n'
        for answer in question.answers:
            following = answer.next.replace("-", "_") or "result"
            yield f'  {name} -->|"{say(answer.answer)}"| {following}\n'
    yield f'  result(["{say(flowchart.result)}"])\n'


def _other(topic: str, language: str) -> str:
    other = next(name for name in LANGUAGES if name != language)
    return load_words()["other_language"].say(language, {"page": page_name(topic, other)})
