"""What is checked, topic by topic: a check is a function here and its words in the YAML beside it.

Topics are the columns of a report, and most of them follow the steps of a node; ``machine``, ``secrets`` and
``converged`` span several, and ``cluster`` is asked only of the whole.
"""

from __future__ import annotations

from meshstrap.verify.check import Check
from meshstrap.verify.checks import (
    cilium,
    cluster,
    containerd,
    control_plane,
    converged,
    firewall,
    kubelet,
    machine,
    mesh_guards,
    packages,
    secrets,
    storage,
    tailnet,
)

TOPICS = (
    machine.TOPIC,
    storage.TOPIC,
    firewall.TOPIC,
    packages.TOPIC,
    containerd.TOPIC,
    mesh_guards.TOPIC,
    tailnet.TOPIC,
    kubelet.TOPIC,
    control_plane.TOPIC,
    cilium.TOPIC,
    secrets.TOPIC,
    converged.TOPIC,
    cluster.TOPIC,
)
"""In the order of the reports: that of a node's steps."""


def checks(*, whole: bool = False) -> tuple[Check, ...]:
    """All checks of a host, in order; ``whole``: with those that ask the whole cluster."""
    return tuple(check for topic in TOPICS if whole or not topic.whole for check in topic.checks)
