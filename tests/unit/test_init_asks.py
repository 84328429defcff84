"""`init` on a terminal asks for what it was not given; on a pipe it asks nothing. A pseudo-terminal, and a process."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshstrap.inventory import load_inventory
from tests.processes import ended
from tests.readme import ROOT

RUN = "import sys; sys.argv[0] = 'meshstrap'; from meshstrap.start import main; main()"


class Terminal:
    """A program that sees a terminal on all sides."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.ours, theirs = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TERM": "dumb"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, "init", *words],
            cwd=folder,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def read_until(self, text: str) -> None:
        while text not in self.shown:
            self.shown += os.read(self.ours, 65536).decode()

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, then type the answer and Enter."""
        self.read_until(question)
        self.shown = self.shown.partition(question)[2]
        os.write(self.ours, f"{text}\n".encode())

    def end(self) -> int:
        try:
            while chunk := os.read(self.ours, 65536):
                self.shown += chunk.decode()
        except OSError:
            pass  # That is how a pseudo-terminal ends on Linux.
        os.close(self.ours)
        return self.process.wait(timeout=60)


def test_it_asks_for_all_that_it_was_not_given(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    with ended(terminal.process):
        terminal.answer("The cluster's name [homelab]: ", "My Lab")
        terminal.read_until("did you mean 'my-lab'?")
        terminal.answer("The cluster's name [homelab]: ", "my-lab")
        terminal.answer("A Headscale server's URL [none: Tailscale's own]: ", "https://head.example.net")
        terminal.answer("How many workers, beside the control plane cp1 [2]: ", "")
        terminal.answer("cloud account of cp1 [alice]: ", "")
        terminal.answer("cloud account of w1 [bob]: ", "alice")
        terminal.read_until("needs both OCPUs")
        terminal.answer("cloud account of w1 [bob]: ", "")
        terminal.answer("cloud account of w2 [carol]: ", "bob")
        terminal.answer("Which of cp1, w1, w2 have a data volume of their own [none]: ", "w9")
        terminal.read_until("'w9' is none of cp1, w1, w2")
        terminal.answer("Which of cp1, w1, w2 have a data volume of their own [none]: ", "cp1, w2")
        assert terminal.end() == 0
    inventory = load_inventory(tmp_path / "cluster.yaml")
    assert (inventory.cluster.name, inventory.tailnet.login_server) == ("my-lab", "https://head.example.net")
    assert [(node.name, node.account, node.ocpus, node.memory_gib) for node in inventory.nodes] == [
        ("cp1", "alice", 2, 12),
        ("w1", "bob", 1, 6),
        ("w2", "bob", 1, 6),
    ]
    assert [node.block_volume and node.block_volume.size_gib for node in inventory.nodes] == [100, None, 100]


def test_what_was_given_is_not_asked_for(tmp_path: Path) -> None:
    words = ["--name=mine", "--node=cp1:control-plane:a", "--login-server=https://head.example.net", "--volume=cp1"]
    terminal = Terminal(tmp_path, *words)
    with ended(terminal.process):
        assert terminal.end() == 0
    assert "]: " not in terminal.shown
    assert load_inventory(tmp_path / "cluster.yaml").nodes[0].block_volume is not None


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 9)], ids=["ctrl-c", "ctrl-d"])
def test_whoever_leaves_leaves_nothing_behind(tmp_path: Path, key: str, code: int) -> None:
    terminal = Terminal(tmp_path)
    with ended(terminal.process):
        terminal.read_until("homelab]: ")
        if key == "\x03":
            # Python looks for signals before it begins to read, not between that and the reading itself.
            while Path(f"/proc/{terminal.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                time.sleep(0.01)
            terminal.process.send_signal(signal.SIGINT)
        else:
            os.write(terminal.ours, key.encode())
        assert terminal.end() == code
    assert "Traceback" not in terminal.shown
    assert not (tmp_path / "cluster.yaml").exists()


def test_on_a_pipe_it_asks_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", RUN, "init"]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, input="x\n" * 20, capture_output=True, text=True, check=True
    )
    assert ("]: " in ran.stdout, ran.stderr) == (False, "")
    inventory = load_inventory(tmp_path / "cluster.yaml")
    assert [node.block_volume for node in inventory.nodes] == [None, None, None]
    assert all(account.quota for account in inventory.accounts)
