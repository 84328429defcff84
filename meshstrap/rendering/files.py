"""The files below ``scripts/`` that make up a node's script."""

from __future__ import annotations

from meshstrap.plan.machines import FIREWALLS
from meshstrap.steps import step_named

BASE_LIBRARIES = ("strict", "log", "file", "status", "ask", "step")
"""Libraries of every node, in the order in which they need each other."""

LIBRARY_ORDER = ("service", "download", "tailnet", "kube", "package", "trust", "firewall")
"""The order of the other libraries; a node has those that its steps name."""

_ALTERNATIVES = {"package": "package_{family}", "trust": "trust_{family}", "firewall": "firewall_{firewall}"}


ADOPT_FILES = ("adopt/refusals.sh", "adopt/software.sh", "adopt/network.sh", "adopt/adopt.sh")
"""What goes before a node on a machine that runs already; it is no part of the node's own script."""


def files_for(steps: tuple[str, ...], family: str) -> tuple[str, ...]:
    """The files of these steps, in order: libraries, steps, the main program."""
    wanted = {library for name in steps for library in step_named(name).libraries}
    libraries = (*BASE_LIBRARIES, *(library for library in LIBRARY_ORDER if library in wanted))
    return (
        *(f"lib/{library_file(library, family)}" for library in libraries),
        *(f"steps/{name}/step.sh" for name in steps),
        "main.sh",
    )


def library_file(library: str, family: str) -> str:
    """The name of a library's file, which of some is another for each family."""
    name = _ALTERNATIVES.get(library, library)
    return f"{name.format(family=family, firewall=FIREWALLS[family])}.sh"
