"""The fields of KubeletConfiguration, out of its Go types: what ``meshstrap/compat/kubelet`` keeps of them.

``python -m tests.cluster.kubelet_fields MINOR TYPES.go`` writes the file of a minor version anew, from
``config/v1beta1/types.go`` of the module k8s.io/kubelet.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "meshstrap" / "compat" / "kubelet"
HEAD = (
    "# The fields of KubeletConfiguration v1beta1: a name → what is below it, or what it takes.\n"
    "# Written from k8s.io/kubelet's config/v1beta1/types.go by tests/cluster/kubelet_fields.py.\n"
)
# Go's types as JSON has them; metav1.Duration is written as a text.
KINDS = {
    "bool": "boolean",
    "string": "string",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "metav1.Duration": "duration",
}
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_ALIAS = re.compile(r"^type (\w+) (string)$", re.MULTILINE)
_FIELD = re.compile(r'^\t\w+ +(\S+) +`json:"(\w+)[^"]*"`', re.MULTILINE)


def kubelet_fields(types: str) -> dict[str, Any]:
    """The fields that the text of that file declares."""
    structs = dict(_STRUCT.findall(types))
    kinds = {**KINDS, **{name: KINDS[of] for name, of in _ALIAS.findall(types)}}
    return _fields("KubeletConfiguration", structs, kinds)


def _fields(struct: str, structs: dict[str, str], kinds: dict[str, str]) -> dict[str, Any]:
    return {name: _kind(go.lstrip("*"), structs, kinds) for go, name in sorted(_FIELD.findall(structs[struct]))}


def _kind(go: str, structs: dict[str, str], kinds: dict[str, str]) -> Any:
    if go in kinds:
        return kinds[go]
    if go in structs:
        return _fields(go, structs, kinds)
    if go.startswith("[]"):
        return "array"
    below = go.removeprefix("map[string]")
    return f"object of {kinds[below]}" if below != go and below in kinds else "object"


def fields_file(minor: str) -> Path:
    """Where the fields of a minor version are kept."""
    return FOLDER / f"{minor}.yaml"


def main() -> None:
    """Write them."""
    minor, types = sys.argv[1:]
    fields = kubelet_fields(Path(types).read_text(encoding="utf-8"))
    fields_file(minor).write_text(HEAD + yaml.safe_dump(fields, sort_keys=True, width=100), encoding="utf-8")


if __name__ == "__main__":
    main()
