"""The arguments of the control plane's parts, out of their own help: what ``meshstrap/compat/arguments`` keeps of them.

``python -m tests.cluster.component_arguments MINOR FOLDER`` writes the file of a minor version anew, with the programs
of that folder.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "meshstrap" / "compat" / "arguments"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
HEAD = (
    "# The arguments of the control plane's parts, and the kind of value that each takes.\n"
    "# Written from the programs' --help by tests/cluster/component_arguments.py.\n"
)
# pflag's name of a type → ours; a flag without one is true or false.
KINDS = {"": "boolean", "int": "integer", "int32": "integer", "uint32": "integer", "duration": "duration"}
KINDS |= dict.fromkeys(("float", "float32"), "number")
KINDS |= {"Level": "level", "pattern=N,...": "levels"}
_FLAG = re.compile(r"^ +(?:-\w, )?--([a-z0-9][a-z0-9-]*) ?([A-Za-z0-9,.=<>]*)(?:  .*)?$", re.MULTILINE)


def arguments(told: str) -> dict[str, str]:
    """What a program's help says that it takes."""
    return {
        name: KINDS.get(kind, "text") for name, kind in sorted(_FLAG.findall(told)) if name not in {"help", "version"}
    }


def main() -> None:
    """Write them."""
    minor, folder = sys.argv[1:]
    told = {
        name: subprocess.run([Path(folder, name), "--help"], check=True, capture_output=True, text=True).stdout
        for name in PROGRAMS
    }
    known = {name: arguments(text) for name, text in told.items()}
    (FOLDER / f"{minor}.yaml").write_text(HEAD + yaml.safe_dump(known, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main()
