"""A worker on an emulated machine: rendered as anybody's is, launched as on OCI, waited for with patience."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.lab.lab import Lab
from tests.lab.node import Rendered, check_steps, lab_inventory, status, wait_settled
from tests.lab.process import wait_until
from tests.lab.vendors import Sources

from .machine import BOOT_SECONDS, LOGIN, LOOK_EVERY, VOLUME_GIB, EmulatedMachine

VOLUME = "/dev/oracleoci/oraclevdb"
DATA = "/var/lib/meshstrap-data"


def arm64_inventory(sources: Sources, extra: str = "") -> str:
    """A worker for arm64, and nothing is waived. ``extra``: further sources."""
    volume = f"block_volume: {{device: {VOLUME}, size_gib: {VOLUME_GIB}, format: true}}"
    text = lab_inventory(sources, node=f", login_user: {LOGIN}, {volume}", extra=extra)
    return text.replace("arch: amd64", "arch: arm64").replace("waive_machine: [clock]", "waive_machine: []")


def launch(lab: Lab, machine: EmulatedMachine, rendered: Rendered, clock_off: timedelta = timedelta()) -> None:
    """Launch it as on OCI, and wait for a login. ``clock_off``: by how much its own clock is wrong."""
    paste(lab, machine, lab.encode(rendered.user_data.text))
    machine.boot(clock_off=clock_off)


def paste(lab: Lab, machine: EmulatedMachine, user_data: str) -> None:
    """Let it find this user-data, which is as the console encodes it, and the key of the person who logs in."""
    lab.serve_metadata(machine, user_data, machine.key.with_suffix(".pub").read_text().strip())


def settle(machine: EmulatedMachine) -> dict[str, Any]:
    """Wait until the steps before the tailnet hold."""
    return wait_settled(machine, BOOT_SECONDS, every=LOOK_EVERY)


def wait_for_run(machine: EmulatedMachine, before: object = None) -> None:
    """Wait for a run that began at another time than the one ``before``."""

    def has_begun() -> bool:
        return bool(status(machine).get("started", before) != before)

    wait_until(has_begun, f"{machine.name}: a run", seconds=BOOT_SECONDS, every=LOOK_EVERY)


def levels(machine: EmulatedMachine) -> set[str]:
    """What ``--check`` says of the steps before the tailnet: ok, drift."""
    return {line.split()[1] for line in check_steps(machine)}


def mounted(machine: EmulatedMachine) -> str:
    """The device that holds the data."""
    return machine.run("findmnt", "--noheadings", "--output=SOURCE", "--first-only", DATA).out


def failed_units(machine: EmulatedMachine) -> str:
    """Their names, one a line."""
    listed = machine.run("systemctl", "list-units", "--state=failed", "--plain", "--no-legend").out
    return "".join(f"{line.split()[0]}\n" for line in listed.splitlines())
