"""The values that Cilium's chart takes, out of the chart itself: what ``meshstrap/compat/charts`` keeps of it.

``python -m tests.cluster.chart_values CHART.tgz`` writes the file of a chart's version anew.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "meshstrap" / "compat" / "charts"
HEAD = (
    "# The chart's values: a name → what is below it, or its type in JSON Schema; `object` takes any keys.\n"
    "# Written from the chart's values.schema.json and templates by tests/cluster/chart_values.py.\n"
)
# Their schema has the keys of the default alone, but they are Kubernetes' own types, or maps of a person's own.
FREE = frozenset(
    "affinity annotations dnsConfig labels lifecycle nodeSelector podAnnotations podLabels podSecurityContext "
    "resources securityContext updateStrategy".split()
)
ANY = "any"
_USED = re.compile(r"\.Values\.([A-Za-z0-9_.]+[A-Za-z0-9_])")
_KEY = re.compile(r"( *)(# ?)?(?!ref:)([A-Za-z][A-Za-z0-9]*):(?: [^A-Z]|$)")
# What the schema is made from stands between two of these.
_SCHEMA = re.compile(r"^ *# @schema$.*?^ *# @schema$\n", re.DOTALL | re.MULTILINE)
_AS_IT_IS = re.compile(r"toYaml \.Values\.([\w.]+)|(?:with|range) \.Values\.([\w.]+) -?\}\}\s*\{\{-? *toYaml")

Facts = dict[str, Any]


def chart_facts(chart: Path) -> tuple[str, Facts]:
    """A packed chart's version, and its values."""
    texts: dict[str, str] = {}
    with tarfile.open(chart) as packed:
        for entry in packed:
            if entry.isfile() and re.search(
                r"(/Chart\.yaml|cilium/values\.yaml|values\.schema\.json|/templates/.*)$", entry.name
            ):
                file = packed.extractfile(entry)
                texts[entry.name.partition("/")[2]] = file.read().decode() if file else ""
    templates = [text for name, text in texts.items() if name.startswith("templates/") and "validate" not in name]
    as_it_is = {first or second for text in templates for first, second in _AS_IT_IS.findall(text)}
    facts = _facts(json.loads(texts["values.schema.json"]), (), as_it_is)
    # Some have no default, so that the schema has none of them: they are used, or stand in the values as a comment.
    used = {path for text in templates for path in _USED.findall(text)} - {"AsMap"}
    for path in sorted(used | set(_commented(texts["values.yaml"]))):
        _add(facts, path.split("."))
    return str(yaml.safe_load(texts["Chart.yaml"])["version"]), facts


def _facts(schema: Mapping[str, Any], path: tuple[str, ...], as_it_is: Iterable[str]) -> Facts:
    return {name: _fact(below, (*path, name), as_it_is) for name, below in sorted(schema["properties"].items())}


def _fact(schema: Mapping[str, Any], path: tuple[str, ...], as_it_is: Iterable[str]) -> Any:
    below = schema.get("properties", {})
    is_free = path[-1] in FREE or ".".join(path) in as_it_is or any(re.search(r"[./-]", name) for name in below)
    if below and not is_free:
        return _facts(schema, path, as_it_is)
    kinds = schema.get("type", ANY)
    return kinds if isinstance(kinds, str) else " ".join(kinds)


def _commented(values: str) -> Iterator[str]:
    """Paths of the values that stand there as comments: ``# key: value`` below its neighbours."""
    above: list[tuple[int, str]] = []
    for line in _SCHEMA.sub("", values).splitlines():
        match = _KEY.match(line)
        if match:
            indent, comment, name = len(match[1]), match[2], match[3]
            above = [one for one in above if one[0] < indent]
            if comment and name[0].islower():
                yield ".".join([*(one for _, one in above), name])
            elif not comment:
                above.append((indent, name))


def _add(facts: Any, path: list[str]) -> None:
    name, *rest = path
    if not isinstance(facts, dict):
        return
    if rest:
        _add(facts.setdefault(name, {}), rest)
    else:
        facts.setdefault(name, ANY)


def facts_file(version: str) -> Path:
    """Where the facts of a version are kept."""
    return FOLDER / f"cilium-{version}.yaml"


def main() -> None:
    """Write them."""
    version, facts = chart_facts(Path(sys.argv[1]))
    facts_file(version).write_text(HEAD + yaml.safe_dump(facts, sort_keys=True, width=100), encoding="utf-8")


if __name__ == "__main__":
    main()
