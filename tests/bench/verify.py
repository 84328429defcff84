"""Ten hosts beside one: `nox -s bench -- verify [ROUNDS]`, as root; real SSH to machines of the node lab."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from meshstrap.views.screen import Screen
from meshstrap.views.tables import new_table
from tests.lab import cgroup
from tests.lab.conftest import CACHE
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.node import LAB_MACHINE, SCRIPT, lab_inventory, render
from tests.lab.tree import base_tree
from tests.lab.vendors import Sources, serve_sources
from tests.lab.verifying import Ssh, invoke_verify

NODES = ("cp1", *(f"w{number}" for number in range(1, 10)))
USER = "debian"
SHARE = 0.12
"""Part of a processor that each machine has in the second row: ten of them and this program fit into two."""

ROUNDS = 3
NOTE = """
seconds: `invoke verify` from its start to its end, wall time, median of {rounds}; each host is asked everything over
real SSH, and runs its own `bootstrap.sh --check`. Machines: systemd containers in networks of their own.
own processor: {share:.0%} of one for each, as a machine of its own has one; shared: all want all {cpus} at once."""


def main(words: Sequence[str]) -> None:
    """Measure and print; nothing is asserted."""
    screen = Screen()
    if os.geteuid() != 0:
        screen.say("The node lab needs root.")
        return
    rounds = int(words[0]) if words else ROUNDS
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), rounds)
    table = new_table("machines have", "#one host", f"#{len(NODES)} hosts", "#ratio")
    for title, (one, all_) in found.items():
        table.add_row(title, f"{one:.1f}", f"{all_:.1f}", f"{all_ / one:.2f}")
    screen.show(table)
    screen.say(NOTE.format(rounds=rounds, share=SHARE, cpus=os.cpu_count()))


def measure(folder: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds for one host and for all, by what the machines have."""
    folder.mkdir(exist_ok=True)
    sources = serve_sources(folder / "web", CACHE, [base_tree("trixie", CACHE)])
    inventory = folder / "cluster.yaml"
    inventory.write_text(ten_nodes(sources))
    found = {}
    with Lab(folder / "lab", CACHE) as lab:
        ssh = Ssh(folder / "ssh", USER)
        machines = [prepared(lab, ssh, inventory.read_text(), name) for name in NODES]
        found["shared processors"] = timed(ssh, inventory, rounds)
        groups = [group for machine in machines for group in limit(machine, SHARE)]
        found["an own processor"] = timed(ssh, inventory, rounds)
        for machine in machines:
            machine.power_off()
        for group in groups:
            cgroup.remove(group)
    return found


def ten_nodes(sources: Sources) -> str:
    """The lab's inventory with eight workers more."""
    more = NODES[2:]
    accounts = "".join(f"  - {{name: {name}s}}\n" for name in more)
    nodes = "".join(
        f"  - {{name: {name}, account: {name}s, role: worker, {LAB_MACHINE}, os: debian-13}}\n" for name in more
    )
    text = lab_inventory(sources).replace("nodes:\n", f"{accounts}nodes:\n", 1)
    return text.replace("sources:\n", f"{nodes}sources:\n", 1)


def prepared(lab: Lab, ssh: Ssh, inventory: str, name: str) -> Machine:
    """A machine that has its script and lets us in."""
    machine = lab.machine(name)
    machine.write(SCRIPT, render(inventory, name).script)
    machine.write("/etc/hostname", f"{name}\n")
    machine.boot()
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", USER).check()
    ssh.let_in(machine)
    machine.run("chown", "-R", f"{USER}:", f"/home/{USER}").check()
    machine.run("systemctl", "start", "ssh").check()
    return machine


def limit(machine: Machine, share: float) -> list[Path]:
    """Give a machine a part of a processor; cgroups that have to be removed afterwards."""
    quota, period = int(share * 100_000), 100_000
    controller = cgroup.ROOT / "cpu"
    if not controller.is_dir():
        (machine.group / "cpu.max").write_text(f"{quota} {period}")
        return []
    group = controller / machine.group.name
    group.mkdir()
    (group / "cpu.cfs_period_us").write_text(str(period))
    (group / "cpu.cfs_quota_us").write_text(str(quota))
    for process in cgroup.processes(machine.group):
        (group / "cgroup.procs").write_text(str(process))
    return [group]


def timed(ssh: Ssh, inventory: Path, rounds: int) -> tuple[float, float]:
    """One host and all of them in turn, so that what else this machine does falls on both."""
    one, all_ = [], []
    for _ in range(rounds):
        one.append(seconds_of(ssh, inventory, 1))
        all_.append(seconds_of(ssh, inventory, len(NODES)))
    return statistics.median(one), statistics.median(all_)


def seconds_of(ssh: Ssh, inventory: Path, hosts: int) -> float:
    """How long a verification of so many hosts takes. It has to have asked all of them."""
    began = time.monotonic()
    ran = invoke_verify(ssh, inventory, *(f"--node={name}" for name in NODES[-hosts:]))
    seconds = time.monotonic() - began
    if f"{hosts} host" not in ran.out or "gives no answers" in ran.out or "ssh:" in ran.out:
        raise RuntimeError(f"not all hosts were asked:\n{ran.out}{ran.err}")
    return seconds
