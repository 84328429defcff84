"""The feature gates of Kubernetes' programs, by their own word: what ``meshstrap/compat/feature_gates`` keeps of them.

``python -m tests.cluster.feature_gates MINOR FOLDER`` writes the file of a minor version anew: from Kubernetes' own
list (``cmd/genfeaturegates`` of the module that the lab builds), and from the programs of that folder, which have a few
gates that are not in it, and lack others.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "meshstrap" / "compat" / "feature_gates"
MODULE = Path(__file__).resolve().parents[1] / "lab" / "programs" / "kubernetes"
LIST = ("go", "run", "k8s.io/kubernetes/cmd/genfeaturegates", "-format=json")
# Program → with what it ends once it has taken its gates.
NOTHING_TO_RUN: dict[str, tuple[str, ...]] = {
    "kube-apiserver": (),
    "kube-controller-manager": ("--kubeconfig=/nonexistent",),
    "kube-scheduler": ("--config=/nonexistent",),
    "kubelet": ("--config=/nonexistent",),
}
HEAD = (
    "# The feature gates of Kubernetes: stage, default, whether that is locked, which gates it needs, who has it not.\n"
    "# Written from cmd/genfeaturegates and the programs by tests/cluster/feature_gates.py.\n"
)
_SHOWN = re.compile(r"(\w+)=true\|false \((ALPHA|BETA) - default=(true|false)\)")
_UNKNOWN = re.compile(r"unrecognized feature gate: (\w+)")


def gates(listed: Iterable[Mapping[str, Any]], minor: str) -> dict[str, dict[str, Any]]:
    """What that list says of a minor version; a gate that comes later is not in it."""
    found: dict[str, dict[str, Any]] = {}
    for one in listed:
        stages = [stage for stage in one["stages"] if _number(stage["fromVersion"]) <= _number(minor)]
        if stages:
            found[one["name"]] = {
                "stage": stages[-1]["stage"],
                "default": stages[-1]["defaultValue"],
                **({"locked": True} if stages[-1].get("locked") else {}),
                **({"needs": sorted(one["dependencies"])} if one.get("dependencies") else {}),
            }
    return found


def shown(told: str) -> dict[str, dict[str, Any]]:
    """The gates that a program's help names: those of alpha and beta."""
    return {name: {"stage": stage.lower(), "default": on == "true"} for name, stage, on in _SHOWN.findall(told)}


def help_of(program: Path) -> str:
    """What it says of itself."""
    return subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout


def lacking(program: Path, known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The gates that a program does not have. It names one at a time, and ends."""
    missing: list[str] = []
    while True:
        told = [f"{name}={str(gate['default']).lower()}" for name, gate in known.items() if name not in missing]
        command = [str(program), f"--feature-gates={','.join(told)}", *NOTHING_TO_RUN[program.name]]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
        unknown = _UNKNOWN.search(said)
        if unknown is None:
            return missing
        missing.append(unknown[1])


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def main() -> None:
    """Write them."""
    minor, folder = sys.argv[1:]
    listed = subprocess.run(LIST, cwd=MODULE, check=True, capture_output=True, text=True).stdout
    found = gates(json.loads(listed), minor)
    for program in NOTHING_TO_RUN:
        found = {**shown(help_of(Path(folder, program))), **found}
    found = dict(sorted(found.items()))
    for program in NOTHING_TO_RUN:
        for name in lacking(Path(folder, program), found):
            found[name].setdefault("not_in", []).append(program)
    FOLDER.mkdir(exist_ok=True)
    text = yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=400)
    (FOLDER / f"{minor}.yaml").write_text(HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()
