"""The kernel has the modules for containers, the mesh and the pods' network."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.machines import KERNEL_MODULES, NEEDED_MODULES
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import fields


def asks(plan: Plan) -> Asked:
    """Modules that are loaded, built in, or named for the boot."""
    del plan
    return Asked(
        texts=(
            "/etc/modules",
            "/etc/modules-load.d/*.conf",
            "/run/modules-load.d/*.conf",
            "/usr/lib/modules-load.d/*.conf",
        ),
        modes=tuple(f"/sys/module/{module}" for module in KERNEL_MODULES),
        commands=(
            Question(
                "modules", f"for m in {' '.join(KERNEL_MODULES)}; do modprobe --show-depends $m; done", codes=(0, 1)
            ),
            Question(
                "absent_modules",
                f"for m in {' '.join(NEEDED_MODULES)}; "
                "do [[ -d /sys/module/$m ]] || modprobe --show-depends $m >/dev/null 2>&1 || echo $m; done",
            ),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan, node
    return {"modules": ", ".join(KERNEL_MODULES), "needed": ", ".join(NEEDED_MODULES)}


TOPIC = Topic("machine", __file__, asks=asks, values=values)


@TOPIC.check()
def kernel_modules_are_loaded(machine: Machine) -> None:
    said = machine.answers.lines("modules")
    missing = [
        name
        for name in KERNEL_MODULES
        if not machine.answers.modes(f"/sys/module/{name}") and f"builtin {name}" not in said
    ]
    machine.expect(not missing, f"not loaded: {', '.join(missing)}")


@TOPIC.check()
def kernel_modules_of_the_network_exist(machine: Machine) -> None:
    absent = machine.answers.lines("absent_modules")
    machine.expect(not absent, f"this kernel has no {', '.join(absent)}")


@TOPIC.check()
def kernel_modules_are_loaded_at_every_boot(machine: Machine) -> None:
    files = machine.answers.texts("/etc/modules", "*/modules-load.d/*.conf")
    named = {words[0] for text in files.values() for words in fields(text)}
    missing = [name for name in KERNEL_MODULES if name not in named]
    machine.expect(not missing, f"in no file: {', '.join(missing)}")
