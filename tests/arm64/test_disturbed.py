"""A machine as Oracle's Ubuntu images are, whose clock is wrong, whose code is fetched, and whose power is cut."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from meshstrap.rendering import render_code
from tests.lab.dress import RULES
from tests.lab.lab import Lab
from tests.lab.node import render, status
from tests.lab.vendors import Sources
from tests.shell.firewall_rules import OUR_FORWARD, OUR_INPUT, RULES_V4

from .dressed import dressed_disk
from .machine import LOOK_EVERY, EmulatedMachine
from .node import VOLUME, arm64_inventory, failed_units, launch, levels, mounted, settle, wait_for_run

AHEAD = timedelta(hours=2)
# Each costs a boot of three minutes.
CUTS, MANY_CUTS = 3, 10
# Of a first run, which takes longer: what comes after a cut goes on behind what was done before it.
WITHIN_SECONDS = 240


@pytest.fixture(scope="module")
def disk(cache: Path) -> Path:
    """The disk of this file's machine."""
    return dressed_disk(cache)


@pytest.fixture(scope="module")
def launched(lab: Lab, machine: EmulatedMachine, sources: Sources) -> EmulatedMachine:
    """A machine that lets one in for the first time."""
    code = render_code()
    place = sources.folder / "code" / code.name
    place.parent.mkdir(exist_ok=True)
    place.write_text(code.text)
    extra = "  code: {url: 'http://apt.lab.test/code', plain_http: true}\n"
    launch(lab, machine, render(arm64_inventory(sources, extra)), AHEAD)
    return machine


@pytest.fixture(scope="module")
def converged(launched: EmulatedMachine, seed: str, request: pytest.FixtureRequest) -> EmulatedMachine:
    """The same machine after power cuts at random moments, and a boot whose run came to its end."""
    for seconds in moments(seed, MANY_CUTS if request.config.getoption("--all") else CUTS):
        wait_for_run(launched)
        time.sleep(seconds)
        launched.kill()
        launched.boot(clock_off=-AHEAD)
    settle(launched)
    return launched


def moments(seed: str, count: int) -> Iterator[float]:
    """Seconds after the first sight of a run."""
    dice = Random(seed)  # noqa: S311 - drawn again from a printed seed, and no secret
    for _ in range(count):
        seconds = dice.uniform(0, WITHIN_SECONDS)
        print(f"MESHSTRAP_LAB_SEED={seed}: cut after {seconds:.1f} s")  # noqa: T201 - pytest shows it with a failure
        yield seconds


def test_a_clock_that_is_two_hours_ahead_is_right_before_anything_depends_on_it(launched: EmulatedMachine) -> None:
    wait_for_run(launched)
    while status(launched)["step"] in {"-", "machine_supported"}:
        time.sleep(LOOK_EVERY)
    # What the kernel said first, before a network was there.
    began = launched.run("journalctl", "--boot", "--lines=+1", "--output=short-unix").out.split()[0]
    assert float(began) > launched.booted + AHEAD.seconds / 2
    assert abs(float(launched.run("date", "+%s").out) - time.time()) < AHEAD.seconds / 2


def test_every_step_up_to_the_tailnet_holds_after_the_last_cut(converged: EmulatedMachine) -> None:
    assert levels(converged) == {"ok"}
    assert mounted(converged) == converged.run("readlink", "-f", VOLUME).out
    assert failed_units(converged) == ""


def test_its_code_was_fetched(converged: EmulatedMachine) -> None:
    assert "fetching http://apt.lab.test/code/" in converged.journal("--unit=meshstrap")


def test_dpkg_has_nothing_to_complain_of(converged: EmulatedMachine) -> None:
    audit = converged.run("dpkg", "--audit")
    assert (audit.code, audit.out) == (0, "")


def test_the_images_firewall_is_loaded_at_boot_and_ours_stands_before_its_refusals(converged: EmulatedMachine) -> None:
    assert converged.run("systemctl", "is-active", "netfilter-persistent").out == "active\n"
    kept = converged.read(RULES).splitlines()
    ours = [line for line in kept if line not in RULES_V4.splitlines()]
    assert "".join(f"{line}\n" for line in ours) == OUR_INPUT + OUR_FORWARD
    assert [line for line in kept if line not in ours] == RULES_V4.splitlines()
    live = converged.run("iptables-save", "-t", "filter").check().out
    assert live.count("-A InstanceServices ") == RULES_V4.count("-A InstanceServices ")
    assert live.index("-A INPUT -i tailscale0 -j ACCEPT") < live.index("-A INPUT -j REJECT")


def test_the_images_swap_is_off(converged: EmulatedMachine) -> None:
    assert converged.run("swapon", "--show").out == ""
    assert "\n# meshstrap: no swap: /swapfile " in converged.read("/etc/fstab")
