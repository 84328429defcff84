"""What a node says of itself is right at every moment, for programs and for a person at a serial console."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.status_schema import problems

from .lab import Lab
from .machine import Machine
from .node import bootstrap, lab_inventory, render, settled, status, wait_settled
from .process import wait_until
from .vendors import Sources

NOBODY = 65534
ORDER = {"pending": 0, "running": 1, "waiting": 1, "failed": 1, "ok": 2, "changed": 2}


@dataclass
class Watch:
    """Reads the file as fast as it can, from outside of the machine, and keeps each text that it has not just seen."""

    path: Path
    texts: list[str] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.is_set():
            # Not a busy loop: the machine that is watched has to run, too.
            time.sleep(0.001)
            try:
                text = self.path.read_text()
            except FileNotFoundError:
                continue
            self.looks += 1
            if self.texts[-1:] != [text]:
                self.texts.append(text)

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def runs(self) -> list[list[dict[str, Any]]]:
        """All that was seen, run by run."""
        seen = [json.loads(text) for text in self.texts]
        return [list(run) for _, run in groupby(seen, key=lambda told: (told["started"], told["tries"]))]


@dataclass
class Watched:
    """A machine from its first moment on, over two more tries, with all that its status said meanwhile."""

    machine: Machine
    watch: Watch
    early: str
    steps: list[str]


@pytest.fixture(scope="module")
def watched(shared_lab: Lab, sources: Sources) -> Watched:
    machine = shared_lab.machine("watched")
    shared_lab.use_distribution(machine, sources)
    rendered = render(lab_inventory(sources))
    watch = Watch(machine.root / "var/lib/meshstrap/status.json")
    try:
        shared_lab.launch(machine, shared_lab.encode(rendered.user_data.text))
        wait_until(lambda: bool(watch.texts), "a first status", seconds=60)
        early = bootstrap(machine, "--status").out
        wait_settled(machine)
        machine.run("systemctl", "kill", "--signal=SIGKILL", "meshstrap")
        machine.run("systemctl", "start", "meshstrap")
        wait_until(lambda: status(machine)["tries"] == 2 and settled(status(machine)), "a second try", seconds=60)
        machine.kill()
        machine.boot()
        wait_until(lambda: status(machine)["tries"] == 3 and settled(status(machine)), "a third try", seconds=60)
    finally:
        watch.end()
    return Watched(machine, watch, early, [str(step) for step in rendered.node.steps])


def test_every_status_is_whole_and_to_the_schema(watched: Watched) -> None:
    assert watched.watch.looks > len(watched.watch.texts) > len(watched.steps) / 2
    assert {text: found for text in watched.watch.texts if (found := problems(json.loads(text)))} == {}


def test_each_run_begins_with_nothing_known_and_its_steps_only_go_forward(watched: Watched) -> None:
    for run in watched.watch.runs():
        assert {step["state"] for step in run[0]["steps"]} == {"pending"}
        for before, after in pairwise(run):
            assert after["updated"] >= before["updated"]
            for was, now in zip(before["steps"], after["steps"], strict=True):
                assert ORDER[now["state"]] >= ORDER[was["state"]], (was, now)


def test_the_steps_are_those_of_the_plan(watched: Watched) -> None:
    for run in watched.watch.runs():
        assert [step["name"] for step in run[-1]["steps"]] == watched.steps


def test_tries_count_the_runs_whatever_ended_the_one_before(watched: Watched) -> None:
    assert [run[0]["tries"] for run in watched.watch.runs()] == [1, 2, 3]


def test_the_first_run_names_each_step_that_it_works_at(watched: Watched) -> None:
    first = watched.watch.runs()[0]
    named = {told["step"] for told in first if told["message"] == "applying"}
    changed = {step["name"] for step in first[-1]["steps"] if step["state"] == "changed"}
    assert changed <= named
    assert {"packages", "containerd"} <= changed


def test_a_later_run_finds_nothing_to_do_up_to_the_tailnet(watched: Watched) -> None:
    for run in watched.watch.runs()[1:]:
        assert {step["state"] for step in run[-1]["steps"][: watched.steps.index("tailnet")]} == {"ok"}


def test_a_waiting_node_says_for_what_and_what_to_do(watched: Watched) -> None:
    machine = watched.machine
    wait_until(lambda: status(machine)["state"] == "waiting", "a node that waits", seconds=180)
    told, shown = status(machine), bootstrap(machine, "--status")
    assert told["step"] == "tailnet"
    lines = shown.out.splitlines()
    assert lines[0] == f"w1 (worker): waiting, try {told['tries']}, {told['updated']}"
    assert lines[1] == f"tailnet: {told['message']}"
    assert lines[2] == f"what to do: {told['next']}"
    assert [line.split()[1] for line in lines[3:]] == watched.steps


def test_a_person_is_answered_while_the_first_run_is_at_work(watched: Watched) -> None:
    assert watched.early.startswith("w1 (worker): ")
    assert watched.early.isascii()
    assert max(map(len, watched.early.splitlines())) <= 200


def test_everybody_on_the_machine_may_read_it(watched: Watched) -> None:
    shown = watched.machine.run(
        "setpriv", f"--reuid={NOBODY}", "--clear-groups", "bash", "/opt/meshstrap/bootstrap.sh", "--status"
    )
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("w1 (worker): ")


def test_a_check_and_a_single_step_leave_the_status_as_it_is(watched: Watched) -> None:
    machine = watched.machine
    machine.run("systemctl", "stop", "meshstrap")
    before = machine.read("/var/lib/meshstrap/status.json")
    bootstrap(machine, "--check")
    assert bootstrap(machine, "--only", "hostname").code == 0
    assert machine.read("/var/lib/meshstrap/status.json") == before
