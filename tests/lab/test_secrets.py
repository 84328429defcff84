"""No secret of a node is where it should not be: searched for by value, after the node has used what it could."""

from __future__ import annotations

import base64
import re
import secrets as randomness
import stat
import string
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from meshstrap.secrets import BootstrapToken, Secret, Secrets, create_token

from .lab import Lab
from .machine import Machine
from .node import bootstrap, lab_inventory, render, status
from .process import wait_until
from .vendors import Sources

LOGIN_SECONDS = 300
# cloud-init keeps the user-data that it was given, as it does for everybody, for root alone.
KEPT_BY_CLOUD_INIT = re.compile(r"/(var/lib/cloud|run/cloud-init)/.*")


def forms(value: str) -> list[bytes]:
    """The value as it is, and as it looks inside of a longer text in base64, at each of the three places there."""
    raw = value.encode()
    cut = (base64.b64encode(b"\0" * shift + raw) for shift in range(3))
    # The first and last group depend on what stands next to the value.
    return [raw, *(text[4:-4] for text in cut)]


@dataclass
class Processes:
    """Looks at the command line and environment of every process, over and over."""

    wanted: list[bytes]
    found: set[str] = field(default_factory=set)
    seen: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)

    def _look(self, process: Path) -> None:
        try:
            command = (process / "cmdline").read_bytes()
            told = command + (process / "environ").read_bytes()
        except OSError:
            return
        self.seen.add(command)
        if any(form in told for form in self.wanted):
            self.found.add(command.replace(b"\0", b" ").decode(errors="replace"))

    def end(self) -> None:
        self._over.set()
        self._thread.join()


@dataclass
class Node:
    """A machine with secrets of its own."""

    machine: Machine
    values: dict[str, str]
    processes: Processes

    def holds(self, text: str | bytes) -> list[str]:
        """Which of its secrets a text holds."""
        raw = text.encode() if isinstance(text, str) else text
        return [name for name, value in self.values.items() if any(form in raw for form in forms(value))]

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file that is not the image's own: path in the machine, and where it can be read from here."""
        upper = self.machine.folder / "upper"
        places = [("", upper)]
        # What lies in memory is seen through the machine's own eyes.
        places += [(name, self.machine._path(name)) for name in ("/run", "/tmp", "/dev/shm")]
        for name, top in places:
            for path in top.rglob("*"):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield f"{name}/{path.relative_to(top)}", path


def key() -> str:
    letters = string.ascii_letters + string.digits
    return "tskey-auth-" + "".join(randomness.choice(letters) for _ in range(40))


def token() -> BootstrapToken:
    return create_token(randomness.choice, datetime.now(UTC) + timedelta(days=1))


@pytest.fixture(scope="module")
def nodes(shared_lab: Lab, sources: Sources) -> Iterator[dict[str, Node]]:
    keys, tokens = {"cp1": key(), "w1": key()}, {"w1": token()}
    given = Secrets(auth_keys={name: Secret(text) for name, text in keys.items()}, bootstrap_tokens=tokens)
    bootstrap_token = tokens["w1"].token.reveal()
    both = {"token": bootstrap_token, "second half of it": bootstrap_token.split(".")[1]}
    processes = Processes([form for value in (*keys.values(), *both.values()) for form in forms(value)])
    made = {}
    for name, auth_key in keys.items():
        machine = shared_lab.machine(name)
        shared_lab.use_distribution(machine, sources)
        made[name] = Node(machine, {"auth key": auth_key, **both}, processes)
        user_data = render(lab_inventory(sources), name, given).user_data
        shared_lab.launch(machine, user_data.b64 if name == "w1" else shared_lab.encode(user_data.text))
    try:
        for node in made.values():
            wait_until(partial(has_tried_the_key, node), "a login with the key", seconds=LOGIN_SECONDS, every=1)
        yield made
    finally:
        processes.end()


def has_tried_the_key(node: Node) -> bool:
    told = status(node.machine)
    return told.get("state") == "waiting" and "no login with this auth key" in told["message"]


@pytest.fixture(params=["cp1", "w1"])
def node(request: pytest.FixtureRequest, nodes: dict[str, Node]) -> Node:
    found: Node = nodes[request.param]
    return found


def test_secrets_that_wait_for_their_use_are_roots_alone(node: Node) -> None:
    listed = node.machine.bash("cd /etc/meshstrap/secrets && stat -c '%a %U %n' *").out.splitlines()
    token = "bootstrap_tokens" if node.machine.name == "cp1" else "bootstrap_token"
    assert listed == ["600 root auth_key", f"600 root {token}"]
    assert node.machine.read("/etc/meshstrap/secrets/auth_key").strip() == node.values["auth key"]


def test_no_other_file_holds_a_secret(node: Node) -> None:
    found = {}
    for name, path in node.files():
        if held := node.holds(path.read_bytes()):
            found[name] = (held, path.stat().st_uid, stat.S_IMODE(path.stat().st_mode))
    ours = {name for name in found if not KEPT_BY_CLOUD_INIT.fullmatch(name)}
    assert {name.rpartition("/")[0] for name in ours} == {"/etc/meshstrap/secrets"}, found
    assert len(ours) == 2
    assert not [name for name, (_, owner, mode) in found.items() if owner != 0 or mode & 0o077], found
    assert len(found) > len(ours), "the search would have found cloud-init's copies"


def test_no_log_holds_a_secret(node: Node) -> None:
    machine = node.machine
    journal = machine.run("journalctl", "--no-pager", "--output=export").out
    assert "meshstrap" in journal
    assert node.holds(journal) == []
    assert node.holds(machine.console.read_bytes()) == []
    for log in ("cloud-init.log", "cloud-init-output.log"):
        text = machine.read(f"/var/log/{log}")
        assert text
        assert node.holds(text) == []


def test_no_process_was_given_a_secret_to_see(node: Node) -> None:
    commands = [command.replace(b"\0", b" ") for command in node.processes.seen]
    assert any(b"--auth-key=file:/etc/meshstrap/secrets/auth_key" in command for command in commands), (
        "it looked in time"
    )
    assert node.processes.found == set()


@pytest.mark.parametrize("arguments", [("--status",), ("--list",), ("--check",), ("--help",)], ids=" ".join)
def test_no_answer_of_the_script_holds_a_secret(node: Node, arguments: tuple[str, ...]) -> None:
    said = bootstrap(node.machine, *arguments)
    assert said.out + said.err
    assert node.holds(said.out + said.err) == []


def test_neither_unit_nor_script_holds_a_secret(node: Node) -> None:
    shown = node.machine.bash("systemctl cat meshstrap; systemctl show meshstrap; cat /opt/meshstrap/*").out
    assert "Restart=on-failure" in shown
    assert node.holds(shown) == []


def test_the_search_finds_a_secret_wherever_it_is_put(node: Node) -> None:
    node.machine.write("/run/probe", base64.b64encode(f"a {node.values['auth key']} b".encode()).decode())
    assert "/run/probe" in {name for name, path in node.files() if node.holds(path.read_bytes())}
    node.machine.run("rm", "/run/probe")
    seen = Processes(forms(node.values["token"]))
    node.machine.run("sh", "-c", "sleep 0.5; exit", node.values["token"])
    wait_until(lambda: bool(seen.found), "a process with a secret in its arguments", seconds=20)
    seen.end()
