"""Topic converged: the node says that it is done, is the one that it should be, and nothing has changed since."""

from __future__ import annotations

import re
from collections.abc import Mapping

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import SCRIPT
from meshstrap.status import Status
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import difference, unit
from meshstrap.verify.status import CONVERGED, status_of

# "… drift   containerd: would change: …", as the script logs it.
DRIFT = re.compile(r"^\S+Z drift +(\w+): (.*)$", re.MULTILINE)


def asks(plan: Plan) -> Asked:
    """What the script would change, and when the machine was booted."""
    del plan
    return Asked(
        texts=("/proc/stat",),
        commands=(
            Question("drift", f"bash {SCRIPT} --check 2>&1", codes=(0, 1), seconds=120),
            Question("steps", f"bash {SCRIPT} --list"),
            Question("timer", "systemctl is-active meshstrap.timer", codes=(0, 3, 4)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan
    return {"steps": " ".join(node.steps)}


TOPIC = Topic("converged", __file__, asks=asks, values=values)


def status(machine: Machine) -> Status:
    """What the node says of itself."""
    found = status_of(machine.answers)
    if found is None:
        machine.differs("no run has begun on this machine: was it created with its user-data? journalctl -u cloud-init")
    return found


@TOPIC.check()
def the_node_has_converged(machine: Machine) -> None:
    found = status(machine)
    text = f"{found}; what to do: {found.next}" if found.next else str(found)
    machine.expect(found.state == CONVERGED, text)


@TOPIC.check(step="machine_supported")
def the_machine_was_given_its_own_user_data(machine: Machine) -> None:
    found = status(machine)
    wrong = difference("node", found.node, machine.node.name) + difference("role", found.role, machine.node.role)
    machine.expect(not wrong, wrong)


@TOPIC.check(step="machine_supported")
def the_steps_are_the_planned_ones(machine: Machine) -> None:
    found = machine.answers.said("steps").split()
    machine.expect(tuple(found) == machine.node.steps, " ".join(found))


@TOPIC.check(step="machine_supported")
def the_steps_run_at_every_boot(machine: Machine) -> None:
    found = unit(machine.answers, "meshstrap")["UnitFileState"]
    machine.expect(found == "enabled", f"meshstrap.service is {found or 'not there'}")
    boot = re.search(r"^btime (\d+)$", machine.answers.needed_text("/proc/stat"), re.MULTILINE)
    if boot is None:
        raise CannotTell("/proc/stat has no btime")
    begun = status(machine).started
    machine.expect(
        begun.timestamp() >= int(boot.group(1)),
        f"the last run began at {begun:%Y-%m-%dT%H:%M:%SZ}, before the boot",
    )


@TOPIC.check(step="node_ready")
def the_steps_run_again_each_week(machine: Machine) -> None:
    found = machine.answers.said("timer")
    machine.expect(found == "active", f"meshstrap.timer is {found or 'not there'}")


@TOPIC.check(step="machine_supported")
def a_check_finds_no_drift(machine: Machine) -> None:
    code, text = machine.answers.code("drift"), machine.answers.said("drift")
    # Steps that the node has not reached yet are no drift: that it is on its way is said already.
    reached = status(machine)
    found = [f"{step}: {why}" for step, why in DRIFT.findall(text) if reached.has_reached((step,))]
    if code != 0 and not found and reached.state == CONVERGED:
        raise CannotTell(f"the script ends with {code}: {(text.splitlines() or ['without a word'])[-1]}")
    machine.expect(not found, found)
