"""Topic converged: the node says that it is done, is the one that it should be, and nothing has changed since."""

from __future__ import annotations

import re

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.fleet.status import CONVERGED, status_of
from meshstrap.status import Status
from tests.hosts.reading import difference, unit

# "… drift   containerd: would change: …", as the script logs it.
DRIFT = re.compile(r"^\S+Z drift +(\w+): (.*)$", re.MULTILINE)


def status(machine: Machine) -> Status:
    """What the node says of itself."""
    found = status_of(machine.answers)
    if found is None:
        machine.differs("no run has begun on this machine: was it created with its user-data? journalctl -u cloud-init")
    return found


@check(
    "converged",
    step="",
    symptom="the node does not come, or does not come to an end",
    fix="sudo bash /opt/meshstrap/bootstrap.sh --status, then what it says under `what to do`",
)
def test_the_node_has_converged(machine: Machine) -> None:
    found = status(machine)
    text = f"{found}; what to do: {found.next}" if found.next else str(found)
    machine.expect(found.state == CONVERGED, text)


@check(
    "status_identity",
    step="machine_supported",
    symptom="a node is missing, and another one is there twice",
    fix="create the machine again with its own user-data: generated/NODE/user-data.yaml",
)
def test_the_machine_was_given_its_own_user_data(machine: Machine) -> None:
    found = status(machine)
    wrong = difference("node", found.node, machine.node.name) + difference("role", found.role, machine.node.role)
    machine.expect(not wrong, wrong)


@check(
    "steps",
    step="machine_supported",
    symptom="the node is not what cluster.yaml says",
    fix="copy a fresh render's generated/NODE/bootstrap.sh to /opt/meshstrap/, then: sudo systemctl restart meshstrap",
)
def test_the_steps_are_the_planned_ones(machine: Machine) -> None:
    found = machine.answers.said("steps").split()
    machine.expect(tuple(found) == machine.node.steps, " ".join(found))


@check(
    "runs_at_boot",
    step="machine_supported",
    symptom="after a reboot something stays as the boot has left it",
    fix="sudo systemctl enable --now meshstrap; journalctl -u meshstrap -n 50",
)
def test_the_steps_run_at_every_boot(machine: Machine) -> None:
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


@check(
    "no_drift",
    step="machine_supported",
    symptom="the next boot changes something",
    fix="sudo bash /opt/meshstrap/bootstrap.sh makes it so; with --check it only shows it",
)
def test_a_check_finds_no_drift(machine: Machine) -> None:
    code, text = machine.answers.code("drift"), machine.answers.said("drift")
    # Steps that the node has not reached yet are no drift: that it is on its way is said already.
    reached = status(machine)
    found = [f"{step}: {why}" for step, why in DRIFT.findall(text) if reached.has_reached((step,))]
    if code != 0 and not found and reached.state == CONVERGED:
        raise CannotTell(f"the script ends with {code}: {(text.splitlines() or ['without a word'])[-1]}")
    machine.expect(not found, found)
