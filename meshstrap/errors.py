"""Every error that a person can see, each with its own exit code.

An error's text says what is wrong, where, why it matters and what to do. ``meshstrap/tasks/`` turns these
into ``invoke.Exit``; anything that is not a :class:`MeshstrapError` is a bug and keeps its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

# A key that was pasted into a file where none belongs is not shown: what a task prints ends up in logs.
_AUTH_KEY = re.compile(r"([th]skey-[a-z]+-)[A-Za-z0-9_-]+")


@dataclass(frozen=True, order=True, kw_only=True)
class Problem:
    """One thing wrong at one place of a file: ``file:line:column: path: message``.

    Lines and columns count from 1, the way editors do; without a line it is something about the whole of ``file``.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""
    message: str = field(default="")

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "
        said = where + (f"{self.path}: {self.message}" if self.path else self.message)
        return _AUTH_KEY.sub(r"\1…", said)


class MeshstrapError(Exception):
    """A person's mistake, or a fact of the world that a person has to know. Never raised itself."""

    exit_code = 1


class WouldChange(MeshstrapError):
    """``--check`` found that something is not as it would be written."""

    exit_code = 1


class InventoryNotFound(MeshstrapError):
    """The inventory file is not there or cannot be read."""

    exit_code = 3


class InventoryInvalid(MeshstrapError):
    """The inventory has problems; all of them, sorted by place."""

    exit_code = 4

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SecretsInvalid(MeshstrapError):
    """The secrets file or a secret handed in is not usable. The text never holds the secret."""

    exit_code = 5


class KnownToGit(MeshstrapError):
    """git tracks a file that holds secrets, or would take it whatever is ignored."""

    exit_code = 16


class RenderFailed(MeshstrapError):
    """A template met a value that did not pass a quoting filter, or a name that is not defined."""

    exit_code = 6


class LintFailed(MeshstrapError):
    """shellcheck or bash has findings; each names the file under ``scripts/`` and its line."""

    exit_code = 7

    def __init__(self, findings: Iterable[Problem]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class UserDataTooLarge(MeshstrapError):
    """A node's user-data would not fit into the cloud's metadata limit."""

    exit_code = 8


class TooLargeToPaste(MeshstrapError):
    """A node's user-data fits into the limit, but not in the form that is pasted; all of it was written."""

    exit_code = 15


class OutputRefused(MeshstrapError):
    """The output folder cannot be written, or is not one of ours."""

    exit_code = 9


class UnknownName(MeshstrapError):
    """A name on the command line that nothing has: a topic, a collision, a language."""

    exit_code = 10

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = tuple(known)
        if not name:
            super().__init__(f"Name a {what}: one of {', '.join(names)}.")
            return
        word = name.lower().replace("-", "")
        closest = get_close_matches(name.lower(), names, n=1) or [
            known_name for known_name in names if word and word in known_name.replace("-", "")
        ]
        suggestion = f"; did you mean '{closest[0]}'?" if closest else "."
        super().__init__(f"'{name}' is no {what}{suggestion} Known are: {', '.join(names)}")


class CatalogueInvalid(MeshstrapError):
    """A file of ``scripts/steps`` is not what a step needs; the text names the file and the key."""

    exit_code = 14


class NeedsClone(MeshstrapError):
    """A task that needs more of the project than is installed."""

    exit_code = 11


class NoWay(MeshstrapError):
    """No way to the nodes from here: no ssh, or an address for no node."""

    exit_code = 12


class NotAllAsked(MeshstrapError):
    """A node, or something on one, could not be asked; nothing else was found."""

    exit_code = 18


class AdoptionRefused(MeshstrapError):
    """A machine that runs already cannot be the node as it is; nothing was changed on it."""

    exit_code = 19


class VerificationFailed(MeshstrapError):
    """The verification could not be run at all; what it found on the hosts is no error of this kind."""

    exit_code = 13


class PolicyInvalid(MeshstrapError):
    """A tailnet policy cannot be made for nodes without a tag, or the file to compare it with is none."""

    exit_code = 17
