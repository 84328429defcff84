"""The kernel forwards pods' packets and does not drop them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import SYSCTLS
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import settings


def _running(setting: str) -> str:
    """Where the kernel shows a setting."""
    return f"/proc/sys/{setting.replace('.', '/')}"


def asks(plan: Plan) -> Asked:
    """Settings in force, and what sysctl.d sets."""
    del plan
    return Asked(
        texts=tuple(map(_running, SYSCTLS)), commands=(Question("sysctl_files", "systemd-analyze cat-config sysctl.d"),)
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan, node
    return {"sysctls": ", ".join(f"{name} = {value}" for name, value in SYSCTLS.items())}


TOPIC = Topic("machine", __file__, asks=asks, values=values)


@TOPIC.check()
def kernel_settings_are_in_force(machine: Machine) -> None:
    running = {name: machine.answers.text(_running(name)) for name in SYSCTLS}
    wrong = [
        f"{name} = {(running[name] or 'unknown').strip()}"
        for name, value in SYSCTLS.items()
        if (running[name] or "").split() != [value]
    ]
    machine.expect(not wrong, wrong, ", ".join(f"{name} = {SYSCTLS[name]}" for name in map(_name, wrong)))


@TOPIC.check()
def kernel_settings_come_back_at_every_boot(machine: Machine) -> None:
    last: dict[str, str] = {}
    for name, value in settings(machine.answers.said("sysctl_files")):
        # A pattern sets what has no value of its own.
        for one in fnmatch.filter(SYSCTLS, name) if "*" in name else [name]:
            if "*" not in name or one not in last:
                last[one] = value
    wrong = [f"{name} = {last.get(name, 'not set')}" for name, value in SYSCTLS.items() if last.get(name) != value]
    machine.expect(not wrong, wrong, ", ".join(f"{name} = {SYSCTLS[name]}" for name in map(_name, wrong)))


def _name(line: str) -> str:
    return line.partition(" = ")[0]
