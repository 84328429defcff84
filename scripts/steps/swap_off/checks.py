"""No swap, now nor after a boot."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import fields


def asks(plan: Plan) -> Asked:
    """Swap in use, and what would bring it back."""
    del plan
    return Asked(
        texts=("/proc/swaps", "/etc/fstab"),
        # Targets are always there: an empty list means that systemd did not answer.
        commands=(Question("swap_units", "systemctl list-unit-files --no-legend --plain '*.swap' swap.target"),),
    )


TOPIC = Topic("machine", __file__, asks=asks)


@TOPIC.check()
def no_swap_is_in_use(machine: Machine) -> None:
    lines = machine.answers.needed_text("/proc/swaps").splitlines()[1:]
    machine.expect(not lines, [line.split()[0] for line in lines])


@TOPIC.check()
def no_swap_comes_back_at_boot(machine: Machine) -> None:
    listed = [line.split() for line in machine.answers.lines("swap_units")]
    if not listed:
        raise CannotTell("systemd lists no units at all")
    entries = [words[0] for words in fields(machine.answers.text("/etc/fstab") or "") if words[2:3] == ["swap"]]
    live = [name for name, state, *_ in listed if name.endswith(".swap") and not state.startswith("masked")]
    machine.expect(not entries + live, [f"fstab: {name}" for name in entries] + live)
