"""The items of the CIS benchmark, and what becomes of each here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from meshstrap.decisions.model import Record
from meshstrap.language import Text
from meshstrap.own_yaml import read_as_text

BENCHMARK = "CIS Kubernetes Benchmark 1.12"
DATA = Path(__file__).with_suffix(".yaml")


class Reason(Text):
    """Why an item is as it is."""

    verdict: Literal["passes", "choice", "unknown"]


class Item(Record):
    """One item. ``holds``, ``lacks`` and ``kubeadm`` say where to look (see the data file's head)."""

    id: str
    what: Text
    by: str
    holds: str = ""
    lacks: str = ""
    kubeadm: str = ""
    why: Text | None = None

    @property
    def section(self) -> str:
        """``1.2`` of ``1.2.30``, ``2`` of ``2.7``."""
        return self.id.rpartition(".")[0]


class Benchmark(Record):
    """All of it, in the benchmark's order."""

    reasons: Mapping[str, Reason]
    verdicts: Mapping[str, Text]
    sections: Mapping[str, Text]
    items: tuple[Item, ...]

    def verdict(self, item: Item) -> str:
        """``passes``, ``choice`` or ``unknown``."""
        return self.reasons[item.by].verdict


@cache
def load_benchmark() -> Benchmark:
    """The data, read once."""
    return Benchmark.model_validate(read_as_text(DATA.read_text(encoding="utf-8")))
