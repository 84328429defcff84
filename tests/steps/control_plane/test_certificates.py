"""Certificates that end soon: renewed as a whole, each part started with them, and no manifest touched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.certificate_stubs import DAY, KUBECONFIGS, LEAVES, RESTARTED, living, openssl
from tests.shell.control_plane_stubs import PARTS
from tests.shell.sandbox import Outcome, Sandbox

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, as the nodes do")


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A machine; each test says how old its certificates are."""
    return sandbox


def run(machine: Sandbox, **how: object) -> Outcome:
    """Run the step; its own process is the one that a cut ends."""
    spy = machine.write("spy.sh", f'echo $$ >"{machine.root}/state/script"\n')
    files = (str(spy), "steps/control_plane/step.sh")
    return machine.run("control_plane", files=files, **how)  # type: ignore[arg-type] # as run takes them


def events(done: Outcome) -> Iterator[tuple[str, str]]:
    """What was done to which part, in order."""
    for call in done.calls:
        if call.startswith("crictl stop "):
            yield "stop", call.split()[-1].partition(".")[0]
        elif " pod/" in call:
            yield "is it ready", call.partition(" pod/")[2].partition("-cp1 ")[0]


def contents(machine: Sandbox, *, manifests: bool = False) -> dict[str, tuple[str, int, float, int]]:
    """What every file of /etc/kubernetes holds, with its mode; of manifests also its times and inode."""
    folder = machine.root / "etc/kubernetes"
    files = [path for path in folder.rglob("*.*") if path.is_file() and ("manifests" in path.parts) == manifests]
    return {
        str(path.relative_to(folder)): (
            path.read_text(),
            path.stat().st_mode & 0o777,
            path.stat().st_mtime if manifests else 0,
            path.stat().st_ino if manifests else 0,
        )
        for path in files
    }


def are_pairs(machine: Sandbox) -> bool:
    """Whether every certificate belongs to the key beside it and is of its CA, and how long it is good for."""
    pki = machine.root / "etc/kubernetes/pki"
    for leaf, ca in LEAVES.items():
        openssl("verify", "-CAfile", pki / f"{ca}.crt", pki / f"{leaf}.crt")
        if openssl("x509", "-in", pki / f"{leaf}.crt", "-noout", "-pubkey") != openssl(
            "pkey", "-in", pki / f"{leaf}.key", "-pubout"
        ):
            return False
    return True


def good_for(machine: Sandbox, days: int) -> bool:
    """Whether each is good for so many days at least."""
    pki = machine.root / "etc/kubernetes/pki"
    ask = ("-noout", "-checkend", str(days * DAY))
    return all(
        subprocess.run(
            ["openssl", "x509", "-in", pki / f"{leaf}.crt", *ask], capture_output=True, check=False
        ).returncode
        == 0
        for leaf in LEAVES
    )


def is_renewed(machine: Sandbox) -> bool:
    """Whether all of it is new and whole, and nothing is left beside it."""
    left = sorted(path.name for path in (machine.root / "etc").iterdir() if path.name.startswith("kubernetes."))
    texts = {machine.read(f"etc/kubernetes/{name}.conf") for name in KUBECONFIGS}
    return (
        are_pairs(machine) and good_for(machine, 300) and not left and texts == {f"{n} renewed\n" for n in KUBECONFIGS}
    )


@pytest.mark.parametrize(("days", "age"), [(121, 244), (20, 345), (0, 400)])
def test_what_ends_soon_is_renewed_and_every_part_is_started_with_it(machine: Sandbox, days: int, age: int) -> None:
    living(machine, days=days, age=age)
    manifests, modes = contents(machine, manifests=True), {n: mode for n, (_, mode, *_) in contents(machine).items()}
    assert "would change: certificates end soon" in run(machine, check_only=True).log
    stubs.set_state(machine, "lags")
    done = run(machine)
    assert (done.code, set(done.levels)) == (0, {"change", "wait", "changed", "summary"}), done.log
    assert is_renewed(machine)
    assert contents(machine, manifests=True) == manifests
    assert {name: mode for name, (_, mode, *_) in contents(machine).items()} == modes
    assert sum(call.startswith("kubeadm") for call in done.calls) == 1
    assert [*dict.fromkeys(events(done))] == [(what, part) for part in RESTARTED for what in ("stop", "is it ready")], (
        "each is waited for before the next one is stopped"
    )
    again = run(machine)
    assert (again.levels, machine.read("state/stopped").split()) == (["ok", "summary"], [f"{n}.1" for n in RESTARTED])


@pytest.mark.parametrize(("days", "age"), [(123, 242), (364, 0), (2, 0), (2, 3), (20, -400)], ids=str)
def test_what_lasts_is_left_alone_however_short_a_person_has_made_it(machine: Sandbox, days: int, age: int) -> None:
    before = contents(living(machine, days=days, age=age))
    done = run(machine)
    assert done.levels == ["ok", "summary"], done.log
    assert contents(machine) == before


@pytest.mark.parametrize("gone", ["ca.key", "apiserver-kubelet-client.crt"])
def test_certificates_that_cannot_be_renewed_here_are_left_alone(machine: Sandbox, gone: str) -> None:
    living(machine, days=20, age=345)
    (machine.root / "etc/kubernetes/pki" / gone).unlink()
    before = contents(machine)
    done = run(machine)
    assert done.levels == ["ok", "summary"], done.log
    assert contents(machine) == before


@pytest.mark.parametrize("leaf", ["apiserver", "front-proxy-client"])
def test_power_cut_within_the_renewal_tears_nothing(machine: Sandbox, leaf: str) -> None:
    before = contents(living(machine, days=20, age=345))
    stubs.set_state(machine, "cut", leaf)
    assert run(machine).code == -9
    assert contents(machine) == before
    done = run(machine)
    assert (done.code, is_renewed(machine)) == (0, True), done.log


@pytest.mark.parametrize("part", RESTARTED)
def test_power_cut_between_two_restarts_goes_on_with_the_same_certificates(machine: Sandbox, part: str) -> None:
    living(machine, days=20, age=345)
    stubs.set_state(machine, "cut", part)
    assert run(machine).code == -9
    assert are_pairs(machine)
    renewed = contents(machine)
    # After the boot every part runs.
    for name in RESTARTED:
        machine.write(f"state/running-{name}", f"{name}.5\n")
    assert run(machine, check_only=True).code == 1
    done = run(machine)
    assert (done.code, is_renewed(machine)) == (0, True), done.log
    assert contents(machine) == renewed
    assert not any(call.startswith("kubeadm") for call in done.calls)


def test_power_cut_while_files_take_their_places_goes_on_with_those_that_are_left(machine: Sandbox) -> None:
    living(machine, days=20, age=345)
    machine.stub("cp", stubs.script(machine, f'{shutil.which("cp")} "$@"; [[ $1 != -alf ]] || kill -KILL $PPID'))
    assert run(machine).code == -9
    (machine.bin / "cp").unlink()
    (machine.bin / "cp").symlink_to(str(shutil.which("cp")))
    for name in ("pki/apiserver.crt", "pki/etcd/server.key", "admin.conf"):
        (machine.root / "etc/kubernetes" / name).unlink()
        machine.write(f"etc/kubernetes/{name}", "of old\n")
    done = run(machine)
    assert (done.code, is_renewed(machine)) == (0, True), done.log


@pytest.mark.parametrize("part", ["etcd", "kube-controller-manager"])
def test_part_that_does_not_come_back_is_waited_for_and_those_behind_it_go_on_running(
    machine: Sandbox, part: str
) -> None:
    living(machine, days=20, age=345)
    stubs.set_state(machine, "stays-away", part)
    done = run(machine, environment={"WAIT_LIMIT": "0"})
    assert (done.code, f"no {part} yet" in done.log) == (75, True), done.log
    if part in {"etcd", "kube-apiserver"}:
        assert "yet: the kubelet: run.go:72] command failed: bootstrap client certificate is expired" in done.log
    behind = RESTARTED[RESTARTED.index(part) + 1 :]
    assert all(machine.read(f"state/running-{name}") == f"{name}.1\n" for name in behind)
    # While it stays away no other one is started again and again.
    stopped = machine.read("state/stopped")
    assert run(machine, environment={"WAIT_LIMIT": "0"}).code == 75
    assert machine.read("state/stopped") == stopped
    stubs.clear_state(machine, "stays-away")
    machine.write(f"state/running-{part}", f"{part}.2\n")
    done = run(machine)
    assert (done.code, is_renewed(machine)) == (0, True), done.log


def test_kubeadm_that_refuses_changes_nothing(machine: Sandbox) -> None:
    before = contents(living(machine, days=20, age=345))
    stubs.set_state(machine, "refuse")
    done = run(machine)
    assert (done.code, "failed to load existing certificate apiserver" in done.log) == (1, True), done.log
    assert contents(machine) == before
    assert not machine.exists("state/stopped")


def test_manifest_that_a_person_changes_during_an_unfinished_renewal_stays(machine: Sandbox) -> None:
    living(machine, days=20, age=345)
    stubs.set_state(machine, "cut", "etcd")
    run(machine)
    for name in PARTS.split():
        machine.write(f"etc/kubernetes/manifests/{name}.yaml", "pod of a person\n")
        machine.write(f"state/running-{name}", f"{name}.5\n")
    assert run(machine).code == 0
    texts = {machine.read(f"etc/kubernetes/manifests/{name}.yaml") for name in PARTS.split()}
    assert texts == {"pod of a person\n"}
