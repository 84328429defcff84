"""What all tasks have in common: which inventory they take, their flags, their hints, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from invoke.program import Program
from rich.console import Console

import meshstrap.tasks
from meshstrap.errors import OutputRefused
from meshstrap.stdout import NOBODY_READS
from meshstrap.tasks import lab, writing
from tests.readme import ROOT
from tests.unit.test_tasks import MINE, Invoke, invoke

__all__ = ["invoke"]  # the fixture


def test_each_task_names_the_inventory_that_it_took(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE)
    for task in ("plan", "compat", "explain", "lint", "secrets", "render"):
        assert invoke(task).out.startswith("Inventory: cluster.yaml\n"), task
    assert json.loads(invoke("plan", "--json").out)["name"] == "mine"


def test_the_inventory_of_the_current_folder_goes_before_the_clones(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert invoke("plan").out.startswith("Inventory: ../cluster.yaml\n")
    Path("cluster.yaml").write_text(MINE.replace("mine", "nearer"))
    assert "nearer" in invoke("render").out + Path("generated/cp1/bootstrap.sh").read_text()
    assert Path("secrets.yaml").exists()
    assert not (tmp_path / "generated").exists()


def test_a_link_that_leads_nowhere_is_no_reason_to_take_the_example(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").symlink_to("away.yaml")
    assert invoke("plan").err == "cluster.yaml: leads to away.yaml, which is not there\n"


def test_hints_repeat_the_flags_that_were_given(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    assert "Next: `invoke render --inventory=mine.yaml --output=o --secrets=s.yaml`" in (
        invoke("secrets", "-i", "mine.yaml", "-o", "o", "--secrets", "s.yaml").out
    )
    invoke("render", "-i", "mine.yaml", "-o", "o", "--secrets", "s.yaml")
    (tmp_path / "mine.yaml").write_text(MINE.replace("  - {name: w1, account: b, role: worker}\n", ""))
    hint = "`invoke render --inventory=mine.yaml --output=o --secrets=s.yaml --prune` removes it"
    assert hint in invoke("render", "-i", "mine.yaml", "-o", "o", "--secrets", "s.yaml").out
    hint = "Next: edit it, then `invoke render --inventory='my cluster.yaml'`"
    assert hint in invoke("init", "-i", "my cluster.yaml").out
    hint = "`invoke secrets --inventory=mine.yaml --output=o --secrets=s.yaml --prune` removes it"
    assert hint in invoke("render", "-i", "mine.yaml", "-o", "o", "--secrets", "s.yaml").out
    # So do errors; and the file that a plan is written to is no folder to render into.
    assert "`invoke init --inventory=none.yaml` writes" in invoke("plan", "-i", "none.yaml", "-o", "plan.txt").err
    (tmp_path / "mine.yaml").write_text("cluster: {}")
    assert "`invoke plan --inventory=mine.yaml` says which" in invoke("explain", "-i", "mine.yaml").out
    assert "--inventory" not in invoke("render").out


def test_a_node_that_is_too_large_to_paste_is_written_and_has_a_code_of_its_own(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE)
    monkeypatch.setattr(writing, "too_large", lambda rows, *_: f"{rows[0].node.name}: too large to paste; way; out")
    result = invoke("render")
    assert (result.code, result.err) == (15, "cp1: too large to paste; way; out\n")
    assert (tmp_path / "generated" / "cp1" / "user-data.b64").exists()


TASKS = sorted(meshstrap.tasks.namespace.task_names)
INVOKES_OWN = {name for argument in Program().core_args() for name in argument.names if len(name) == 1}


@pytest.mark.parametrize("task", TASKS)
def test_help_is_help_and_a_short_flag_means_one_thing(invoke: Invoke, task: str) -> None:
    arguments = meshstrap.tasks.namespace[task].get_arguments(ignore_unknown_help=True)
    short = {name: argument.name for argument in arguments for name in argument.names if len(name) == 1}
    assert short.items() <= {"i": "inventory", "o": "output"}.items()
    assert not INVOKES_OWN & set(short)
    words = [[task, "--help"], [task, "-h"], ["--help", task]]
    outs = {invoke(*line).out for line in words}
    assert len(outs) == 1
    assert "Usage: " in outs.pop()
    assert all(argument.help for argument in arguments), [one.name for one in arguments if not one.help]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["render", "--prun"], "No idea what '--prun' is! Did you mean '--prune'? `invoke render --help` says what"),
        (["explain", "--topik"], "No idea what '--topik' is!"),
        (["renderr"], "No idea what 'renderr' is! Did you mean 'render'? `invoke --list` names all tasks."),
        (["verify", "w1"], "No idea what 'w1' is! `invoke verify --help` says what it takes."),
        (["watch", "--pause=soon"], "--pause: 'soon' is not a whole number."),
        (["plan", "--inventory"], "Flag --inventory needed value and was not given one!"),
        (["secrets", "--renew"], "Flag --renew needed value and was not given one!"),
        (["verify", "--node", "--json"], "Flag --node needed value and was not given one!"),
        (["init", "--volume", "w1", "--volume"], "Flag --volume needed value and was not given one!"),
    ],
)
def test_a_mistake_on_the_command_line_exits_2(invoke: Invoke, words: list[str], message: str) -> None:
    result = invoke(*words)
    assert (result.code, message in result.err) == (2, True)


@pytest.mark.parametrize(
    ("task", "flag"),
    [("init", "node"), ("init", "volume"), ("secrets", "renew"), ("verify", "node")],
)
def test_help_shows_that_a_flag_takes_a_value_where_invoke_does_not(task: str, flag: str) -> None:
    # In one process invoke shows a task's texts only once.
    command = [sys.executable, "-m", "invoke", task, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert re.search(rf"--{flag} [A-Z]{{4,}}.* once for each(?: node)?: --{flag}=", " ".join(said))


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("cd gone && rmdir ../gone && {0} plan", 9, "the folder that you are in has been removed: go to another one"),
        ("{0} init <&-", 0, ""),
    ],
)
def test_a_folder_that_is_gone_and_a_closed_input_leave_no_trace(
    tmp_path: Path, line: str, code: int, said: str
) -> None:
    program = f"{sys.executable} -m invoke --search-root={ROOT}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    (tmp_path / "gone").mkdir()
    command = ["sh", "-c", line.format(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[: len(said)], "Traceback" in done.stderr) == (code, said, False)


def test_a_lab_needs_the_clone(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "clone", lambda: None)
    result = invoke("lab")
    assert (result.code, "which are in its clone only" in result.err) == (11, True)


def test_a_lab_without_the_tests_packages_names_the_way_to_them() -> None:
    line = "import runpy, sys; sys.modules['trustme'] = None; runpy.run_module('tests.cluster', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"the lab needs Python's trustme, as .*: .* -m pip install -r tests/requirements.txt\n", done.stderr
    )


def test_an_installed_program_calls_itself_by_its_own_name(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/meshstrap"])
    assert "Next: `meshstrap init` writes a cluster.yaml" in invoke("render").out
    assert "`meshstrap render`" in invoke("init", "--name", "x").out
    # A terminal shows a table, whose cells are no lines that are said.
    monkeypatch.setattr(Console, "is_terminal", True)
    said = invoke("explain", "routing").out
    assert [words in said for words in ("`meshstrap policy`", "`meshstrap explain ", "`invoke")] == [True, True, False]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_output_without_utf_8_ends_well(tmp_path: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "invoke", f"--search-root={ROOT}", "explain", "--lang=ko"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"invoke explain routing" in done.stdout


@pytest.mark.parametrize(("module", "code"), [("invoke", -signal.SIGINT), ("meshstrap.pipeline", 130)])
def test_ctrl_c_while_the_program_is_read_leaves_no_trace(tmp_path: Path, module: str, code: int) -> None:
    """It comes when this module is looked for: before a task runs, and when a task begins."""
    program = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class CtrlC:
    def find_spec(self, name, *rest):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
sys.argv = ["meshstrap", "plan"]
from meshstrap.start import main
main()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["explain"], ["plan", "--json"], ["--list"], ["plan", "--help"]])
def test_a_reader_that_went_away_leaves_no_trace(tmp_path: Path, words: list[str], unbuffered: str) -> None:
    command = [sys.executable, "-m", "invoke", f"--search-root={ROOT}", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    # What invoke prints by itself was all said to Python, and stood in its buffer.
    whole = not unbuffered and words[-1].startswith("--") and words[-1] != "--json"
    assert (done.returncode, done.stderr) == (0 if whole else NOBODY_READS, b"")


def test_a_broken_pipe_of_something_else_keeps_its_trace(tmp_path: Path) -> None:
    program = "import meshstrap.tasks\nraise BrokenPipeError('of ssh')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "BrokenPipeError: of ssh")


@pytest.mark.parametrize(
    ("words", "waits"),
    [(["secrets"], True), (["render"], True), (["adopt", "w1", "-o", "w1.sh"], True), (["plan"], False)],
)
def test_a_task_that_writes_what_another_one_writes_waits_for_it_and_says_so(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], waits: bool
) -> None:
    @contextmanager
    def held(folder: Path, waits: Callable[[], object]) -> Iterator[None]:
        assert folder == tmp_path
        waits()
        yield

    monkeypatch.setattr("meshstrap.tasks.secrets.alone_in", held)
    (tmp_path / "cluster.yaml").write_text(MINE)
    said = "secrets.yaml: another task writes it, or what is made of it; waiting until that has ended\n"
    assert (said in invoke(*words).out) == waits


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "temporary files (TMPDIR): No space left on device: "),
        (OSError(28, "No space left on device", "/x/.meshstrap-a.new"), "/x: No space left on device: "),
        (OSError(24, "Too many open files"), "this machine: Too many open files: "),
        (OSError(2, "No usable temporary directory found in ['/tmp']"), "temporary files (TMPDIR): No usable"),
    ],
)
def test_a_machine_that_has_run_out_of_something_is_no_bug(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(writing, "render_scripts", exhausted)
    result = invoke("render")
    assert (result.code, result.err.startswith(said)) == (OutputRefused.exit_code, True), result.err
    monkeypatch.setattr(writing, "render_scripts", lambda *_: Path("/not/there").read_text())
    with pytest.raises(FileNotFoundError):
        invoke("render")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "-o", "folder"), "folder: it is a folder, and a file is asked for: nothing was written"),
        (("schema", "-o", "folder"), "folder: it is a folder, and a file is asked for: nothing was written"),
        (("graph", "-o", "file"), "file: it is a file, and a folder is asked for: nothing was written"),
        (("verify", "--report", "file", "--hosts", "w1=x"), "file: it is a file, and a folder is asked for"),
        (("init", "-i", "new.yaml", "--ssh-key", "none"), "--ssh-key none: No such file or directory; nothing was"),
        (("init", "-i", "new.yaml", "--ssh-key", "folder"), "--ssh-key folder: it is a folder, and a file is"),
        (("init", "-i", "new.yaml", "--ssh-key", "file"), "--ssh-key file: this is no text, and a public SSH key is"),
    ],
)
def test_a_file_in_the_place_of_a_folder_is_said_and_the_other_way_round(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"\xff")
    result = invoke(*words)
    assert (result.code, result.err[: len(said)]) == (OutputRefused.exit_code, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "-o", "pipe"), "pipe: it is a pipe, and a file is asked for: nothing was written"),
        (("schema", "-o", "pipe"), "pipe: it is a pipe, and a file is asked for: nothing was written"),
        (("policy", "--beside", "pipe"), "pipe: it is a pipe, and nothing comes out of it; nothing was compared"),
        (("policy", "--beside", "/dev/zero"), "/dev/zero: it is a device, and a file is asked for; nothing was"),
        (("init", "-i", "new.yaml", "--ssh-key", "pipe"), "--ssh-key pipe: it is a pipe, and nothing comes out of it"),
        (("plan", "-i", "pipe"), "pipe: this is not a file; name the inventory itself"),
        (("render", "--secrets", "pipe"), "pipe: cannot be read: it is a pipe, and nothing comes out of it"),
        (("render", "--secrets", "pipe/secrets.yaml"), "pipe/secrets.yaml: cannot be written: Not a directory"),
        (("verify", "--ssh-config", "pipe", "--hosts", "w1=x"), "pipe: there is no such file, or you may not read it"),
    ],
)
def test_a_pipe_keeps_no_task_waiting_and_nothing_takes_its_place(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    result = invoke(*words)
    assert (result.code > 2, result.err[: len(said)]) == (True, said)
    assert (tmp_path / "pipe").is_fifo()


def test_a_key_that_is_a_pipe_is_passed_over_and_a_link_stays_one(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    os.mkfifo(tmp_path / ".ssh" / "id_ed25519.pub")
    (tmp_path / "link").symlink_to("cluster.schema.json")
    assert invoke("init", "-i", "new.yaml", environment={"HOME": str(tmp_path)}).code == 0
    assert invoke("schema", "-o", "link").out == "link: written\n"
    assert (tmp_path / "link").readlink() == Path("cluster.schema.json")
    assert invoke("schema").out == "cluster.schema.json: unchanged\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("render", "-o", "loop"), "loop: is a symbolic link; secrets are not written through one"),
        (("render", "--secrets", "loop"), "loop: cannot be read: Too many levels of symbolic links"),
        (("secrets", "--auth-keys", "loop"), "loop: cannot be read: Too many levels of symbolic links"),
        (("plan", "-i", "loop"), "loop: cannot be read: Too many levels of symbolic links"),
        (("verify", "--ssh-config", "loop", "--hosts", "w1=x"), "loop: there is no such file, or you may not read it"),
    ],
)
def test_a_link_that_leads_to_itself_is_said(invoke: Invoke, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    result = invoke(*words)
    assert (result.code > 2, result.err[: len(said)]) == (True, said)
