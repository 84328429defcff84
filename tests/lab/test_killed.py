"""The run is killed with SIGKILL: at every step boundary, in the middle of what takes long, and at random moments."""

from __future__ import annotations

import time

import pytest

from .interrupt import FIRST_LINE, Calm
from .lab import Lab
from .moments import MOMENTS, random_moments
from .picture import differences, take
from .process import Daemon

WHOLE = pytest.mark.parametrize("whole", [True, False], ids=["with-its-children", "script-alone"])


def test_a_picture_shows_what_a_run_that_was_killed_at_once_has_not_done(lab: Lab, servers: Daemon, calm: Calm) -> None:
    node = calm.machine(lab)
    node.wait_for_log(FIRST_LINE)
    assert node.kill(whole=True)
    missing = {line.split()[0] for line in differences(calm.picture, take(node.machine))}
    assert missing >= {"file", "iptables", "mount", "package", "rule", "sysctl", "unit", "volume"}


@WHOLE
def test_a_run_killed_at_every_step_boundary_converges_after_the_next_boot(
    lab: Lab, servers: Daemon, calm: Calm, whole: bool
) -> None:
    node = calm.machine(lab)
    for step in calm.steps:
        node.wait_for_log(f" {step}: converged$")
        assert node.kill(whole=whole)
        node.reboot()
    assert calm.differs(node) == []


@WHOLE
def test_a_run_killed_in_the_middle_of_what_takes_long_converges_after_the_next_boot(
    lab: Lab, servers: Daemon, calm: Calm, whole: bool
) -> None:
    node = calm.machine(lab)
    for moment in MOMENTS:
        with moment.reached(node, servers):
            assert node.kill(whole=whole)
        node.reboot()
    assert calm.differs(node) == []


@pytest.mark.parametrize("machine", range(3))
def test_a_run_killed_at_random_moments_converges(
    lab: Lab, servers: Daemon, calm: Calm, machine: int, seed: str
) -> None:
    node = calm.machine(lab)
    for moment, dice in random_moments(f"MESHSTRAP_LAB_SEED={seed} killed {machine}", calm.seconds):
        node.wait_for_log(FIRST_LINE)
        time.sleep(moment)
        node.kill(whole=dice.random() < 0.5)
        # Half of them go on on the same boot, as the unit does, only sooner.
        if dice.random() < 0.5:
            node.reboot()
        else:
            node.machine.run("systemctl", "restart", "--no-block", "meshstrap").check()
    assert calm.differs(node) == []
