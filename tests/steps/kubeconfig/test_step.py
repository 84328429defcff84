"""The login user's kubeconfig: ours is kept current, a person's is left alone."""

from __future__ import annotations

import getpass
import os

import pytest

from tests.shell.sandbox import Sandbox

MARK = "# meshstrap keeps this copy of admin.conf current while this line is here\n"
PATH = "home/ubuntu/.kube/config"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane; its login user is whoever runs the tests, since only root could give files away."""
    user = getpass.getuser()
    sandbox.header |= {"STEPS": ("kubeconfig",), "LOGIN_USER": user}
    sandbox.write("etc/kubernetes/admin.conf", "apiVersion: v1\n", 0o600)
    sandbox.stub(
        "getent", f'[[ "$*" == "passwd {user}" ]] || exit 2; echo "{user}:x:1000:1000:Some One:/home/ubuntu:/bin/bash"'
    )
    sandbox.stub("runuser", 'shift 3; exec "$@"')
    return sandbox


def test_new_then_nothing(machine: Sandbox) -> None:
    first = machine.run("kubeconfig")
    assert (first.code, first.levels) == (0, ["change", "changed", "summary"]), first.log
    assert machine.read(PATH) == f"{MARK}apiVersion: v1\n"
    assert (machine.root / PATH).stat().st_mode & 0o777 == 0o600
    (written,) = [call for call in first.calls if call.startswith("runuser")]
    assert written.startswith(f"runuser --user {getpass.getuser()} -- bash -c umask 077")
    second = machine.run("kubeconfig")
    assert second.levels == ["ok", "summary"]
    assert [call.split()[0] for call in second.calls] == ["getent"]


def test_ours_is_renewed(machine: Sandbox) -> None:
    machine.write(PATH, f"{MARK}apiVersion: v0\n", 0o600)
    assert machine.run("kubeconfig").levels == ["change", "changed", "summary"]
    assert machine.read(PATH) == f"{MARK}apiVersion: v1\n"


@pytest.mark.parametrize("text", ["apiVersion: v1\nclusters: [mine]\n", "", "no newline"])
def test_a_persons_own_is_left_alone(machine: Sandbox, text: str) -> None:
    machine.write(PATH, text, 0o644)
    assert machine.run("kubeconfig").levels == ["ok", "summary"]
    assert machine.read(PATH) == text


def test_ours_but_for_all_to_read(machine: Sandbox) -> None:
    machine.write(PATH, f"{MARK}apiVersion: v1\n", 0o644)
    assert machine.run("kubeconfig").levels == ["change", "changed", "summary"]


def test_apply_fails(machine: Sandbox) -> None:
    machine.stub("runuser", "echo 'bash: /etc/config.new: Permission denied' >&2; exit 1")
    done = machine.run("kubeconfig")
    assert (done.code, done.levels) == (1, ["change", "error", "error"]), done.log
    assert "runuser failed 1 times (exit 1): bash: /etc/config.new: Permission denied" in done.log
    assert f"what to do: sudo chown -R {getpass.getuser()}: ~{getpass.getuser()}/.kube" in done.log


def test_only_the_user_writes_what_the_users_folder_leads_to(machine: Sandbox) -> None:
    machine.write("home/ubuntu/.bashrc", "")
    (machine.root / "home/ubuntu/.kube").symlink_to(machine.root / "etc/kubernetes")
    machine.stub("runuser", "exit 1")
    assert machine.run("kubeconfig").code == 1
    assert [path.name for path in (machine.root / "etc/kubernetes").iterdir()] == ["admin.conf"]


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_no_file_is_replaced_or_refused_and_never_read(machine: Sandbox, kind: str) -> None:
    target = machine.write("etc/shadow", "root", 0o600)
    path = machine.write(PATH, "")
    path.unlink()
    if kind == "link":
        path.symlink_to(machine.root / "etc/none")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    done = machine.run("kubeconfig")
    assert done.code == (1 if kind == "folder" else 0), done.log
    assert kind == "folder" or machine.read(PATH) == f"{MARK}apiVersion: v1\n"
    assert (target.read_text(), sorted(one.name for one in (machine.root / "etc").iterdir())) == (
        "root",
        ["kubernetes", "shadow"],
    )


def test_no_such_user(machine: Sandbox) -> None:
    machine.header["LOGIN_USER"] = "nobody-here"
    done = machine.run("kubeconfig")
    assert (done.code, done.levels) == (1, ["error"])
    assert "no user nobody-here: check login_user in cluster.yaml" in done.log
