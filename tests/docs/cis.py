"""The page of the CIS benchmark: what becomes of each item here, in every language."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from tests.docs.benchmark import BENCHMARK, Benchmark, Item, load_benchmark

_HEAD = {
    "en": f"""\
# {BENCHMARK}, item by item

[한국어](cis.ko.md)

What becomes of each item for the control plane, etcd and the nodes of a new cluster, in words of our own. Its fifth
part is about what runs in the cluster, and yours. Made from one data file; tests look for each item in what is
rendered, and the cluster lab in what runs. `invoke explain secure-defaults` says why.
""",
    "ko": f"""\
# {BENCHMARK}, 항목별

[English](cis.md)

새 클러스터의 컨트롤 플레인, etcd, 노드에서 각 항목이 어떻게 되는지 직접 쓴 말로 적었습니다. 다섯째 부분은
클러스터에서 도는 것에 관한 것이라 여러분의 몫입니다. 데이터 파일 하나에서 만들며, 테스트는 각 항목을 렌더링한 것에서,
클러스터 랩은 실제로 도는 것에서 찾아봅니다. 이유는 `invoke explain secure-defaults`가 알려 줍니다.
""",
}
_COLUMNS = {"en": "| item | what | here | how, or why not |", "ko": "| 항목 | 내용 | 여기서는 | 방법 또는 이유 |"}
_SHORT = 60


def benchmark_markdown(language: str = "en") -> str:
    """The page: how many of each, then one table a section."""
    data = load_benchmark()
    found = Counter(data.verdict(item) for item in data.items)
    counts = ", ".join(f"{words.of(language)} {found[verdict]}" for verdict, words in data.verdicts.items())
    parts = [_HEAD[language], f"{counts[0].upper()}{counts[1:]}.\n"]
    for section, items in groupby(data.items, key=lambda item: item.section):
        rows = "".join(_row(item, data, language) for item in items)
        parts.append(
            f"## {section} {data.sections[section].of(language)}\n\n{_COLUMNS[language]}\n|---|---|---|---|\n{rows}"
        )
    return "\n".join(parts)


def _row(item: Item, data: Benchmark, language: str) -> str:
    why = (item.why or data.reasons[item.by]).of(language)
    place = item.holds or item.kubeadm
    verdict = data.verdicts[data.verdict(item)].of(language)
    how = f"{why}: `{_place(place)}`" if place else why
    return f"| {item.id} | {item.what.of(language)} | {verdict} | {how} |\n"


def _place(place: str) -> str:
    """As one would write it; of a long one the beginning."""
    where, _, what = place.partition(" ")
    written = what if where == "check" else f"{where}: {what}" if where.endswith(".yaml") else _setting(where, what)
    return written if len(written) <= _SHORT else f"{written[:_SHORT]}…"


def _setting(program: str, setting: str) -> str:
    name, _, value = setting.partition("=")
    return f"{name}: {value}" if program == "kubelet" else f"--{name}={value}"
