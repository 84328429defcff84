"""``meshstrap``, the command of an installed wheel: the same tasks as ``invoke`` has in a clone."""

from __future__ import annotations

from invoke.parser.argument import Argument
from invoke.program import Program

from meshstrap import __version__
from meshstrap.tasks import namespace

# What else invoke's own command has (dry runs, a pty, time limits) is for tasks that run shell commands. Ours do not,
# and a `--dry` that writes all the same would be a trap.
FLAGS = {"help", "version", "list", "list-depth", "list-format", "debug"}
HIDDEN = {"complete", "print-completion-script", "write-pyc"}


class MeshstrapProgram(Program):
    """invoke's program, with the flags that mean something here."""

    def core_args(self) -> list[Argument]:
        """The flags before a task's name."""
        return [argument for argument in super().core_args() if argument.name in FLAGS | HIDDEN]

    def update_config(self, merge: bool = True) -> None:
        """Nothing on the command line changes invoke's configuration."""
        if merge:
            self.config.merge()


def run() -> None:
    """Run the tasks that the command line names."""
    MeshstrapProgram(namespace=namespace, name="meshstrap", binary="meshstrap", version=__version__).run()
