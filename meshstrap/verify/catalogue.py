"""All checks: those of each step, in its folder below ``scripts/steps``, and those that belong to no step."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from meshstrap.steps import STEPS, catalogue
from meshstrap.verify.check import OF_STEP, Check, Topic
from meshstrap.verify.checks import cluster, converged, lifetimes, machine, secrets, storage

COLUMNS = (
    "machine",
    "storage",
    "firewall",
    "packages",
    "containerd",
    "mesh_guards",
    "tailnet",
    "kubelet",
    "control_plane",
    "cilium",
    "lifetimes",
    "secrets",
    "converged",
    "cluster",
)
"""The names of topics in the order of the reports: that of a node's steps."""


@cache
def topics() -> tuple[Topic, ...]:
    """All topics in order, several of one name among them: what belongs to no step first, then step by step."""
    own = (machine.TOPIC, storage.TOPIC, lifetimes.TOPIC, secrets.TOPIC, converged.TOPIC, cluster.TOPIC)
    files = (STEPS / step.name / OF_STEP for step in catalogue())
    steps = (load_topic(path) for path in files if path.is_file())
    return tuple(sorted((*own, *steps), key=lambda topic: COLUMNS.index(topic.name)))


def load_topic(path: Path) -> Topic:
    """The topic of a step's checks.py, which lies beside bash and is no part of any package."""
    name = f"meshstrap.verify.of_step.{path.parent.name}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: cannot be read as Python", path=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    topic: Topic = module.TOPIC
    return topic


def checks(*, whole: bool = False) -> tuple[Check, ...]:
    """All checks of a host, in order; ``whole``: with those that ask the whole cluster."""
    return tuple(check for topic in topics() if whole or not topic.whole for check in topic.checks)
