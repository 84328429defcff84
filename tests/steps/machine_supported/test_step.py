"""machine_supported: names all that is wrong with a machine, and changes nothing."""

from __future__ import annotations

import shutil

import pytest

from tests.shell.sandbox import Sandbox

STEP = "machine_supported"
NO_WAIT = {"WAIT_LIMIT": "0"}
CLOCK = "[[ -e $ROOT/synchronised ]] && echo yes || echo no"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A machine on which everything is right."""
    sandbox.header |= {
        "MINIMUM_CPUS": "2",
        "MINIMUM_MEMORY_MIB": "1700",
        "MINIMUM_DISK_GIB": "20",
        "WAIVED_MACHINE_CHECKS": (),
    }
    sandbox.write("/etc/os-release", 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n')
    sandbox.write("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       12241928 kB\n")
    sandbox.write("/synchronised", "")
    sandbox.stub(
        "uname",
        'machine=" ${MACHINE:-aarch64}"; [[ $1 == -rm ]] || machine=; echo "${RELEASE:-6.8.0-1013-oracle}$machine"',
    )
    sandbox.stub("nproc", 'echo "${CPUS:-2}"')
    sandbox.stub("stat", f'[[ $1 == -f ]] && echo "${{FS:-cgroup2fs}}" || {shutil.which("stat")} "$@"')
    sandbox.stub("df", 'printf "1M-blocks\\n %s\\n" "${DISK:-46000}"')
    sandbox.stub("timedatectl", CLOCK)
    return sandbox


def test_a_good_machine_is_converged(machine: Sandbox) -> None:
    outcome = machine.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["ok", "summary"])
    assert machine.run(STEP, check_only=True).code == 0


@pytest.mark.parametrize(
    ("release", "plan"),
    [
        ('ID="ol"\nVERSION_ID="9.6"\n', "oracle-9"),
        ("ID=ol\nVERSION_ID=10.0\n", "oracle-10"),
        ('VERSION_ID="13"\nID=debian\n', "debian-13"),
        ("ID=ubuntu\nVERSION_ID='22.04'", "ubuntu-22.04"),
    ],
)
def test_operating_systems_by_the_name_of_the_plan(machine: Sandbox, release: str, plan: str) -> None:
    machine.write("/etc/os-release", release)
    machine.header["NODE_OS"] = plan
    assert machine.run(STEP).levels == ["ok", "summary"]


@pytest.mark.parametrize(
    ("release", "problem"),
    [
        ("ID=ol\nVERSION_ID=9.6\n", "oracle-9.6, not oracle-10"),
        ("ID=ol\nVERSION_ID=10\n", None),
        ("ID=ol\nVERSION_ID=100.1\n", "oracle-100.1, not oracle-10"),
        ("ID=debian\n", "debian-, not oracle-10"),
    ],
)
def test_another_release_of_the_operating_system(machine: Sandbox, release: str, problem: str | None) -> None:
    machine.write("/etc/os-release", release)
    machine.header["NODE_OS"] = "oracle-10"
    log = machine.run(STEP).log
    assert f"error   {STEP}: os: {problem}\n" in log if problem else " os: " not in log


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"MACHINE": "x86_64"}, "arch: amd64, not arm64"),
        ({"RELEASE": "5.4.0-1-oracle"}, "kernel: 5.4.0-1-oracle, not 5.10"),
        ({"RELEASE": "4.18.0-553.el8_10"}, "kernel: 4.18.0-553.el8_10, not 5.10"),
        ({"FS": "tmpfs"}, "cgroup: tmpfs, not cgroup2fs"),
        ({"CPUS": "1"}, "cpus: 1, not 2"),
        ({"DISK": "10000"}, "disk: 9 GiB, not 20"),
    ],
)
def test_each_problem_stops_by_its_name_and_can_be_waived(
    machine: Sandbox, environment: dict[str, str], problem: str
) -> None:
    outcome = machine.run(STEP, environment=environment)
    assert outcome.code == 1
    assert f"error   {STEP}: {problem}\n" in outcome.log
    assert "waive_machine" in outcome.log
    machine.header["WAIVED_MACHINE_CHECKS"] = ("clock", problem.split(":", maxsplit=1)[0])
    assert machine.run(STEP, environment=environment).code == 0


@pytest.mark.parametrize("release", ["5.10.0-33-cloud-arm64", "5.15.0-307.el9uek.aarch64", "6.12.0", "10.0.1"])
def test_kernels_that_do(machine: Sandbox, release: str) -> None:
    assert machine.run(STEP, environment={"RELEASE": release}).code == 0


def test_all_problems_are_named_at_once(machine: Sandbox) -> None:
    machine.write("/etc/os-release", "ID=fedora\nVERSION_ID=42\n")
    machine.write("/proc/meminfo", "MemTotal: 1000000 kB\n")
    (machine.root / "synchronised").unlink()
    outcome = machine.run(STEP, environment={"CPUS": "1"})
    assert (
        "os: fedora-42, not ubuntu-24.04; cpus: 1, not 2; memory: 976 MiB, not 1700; clock: not synchronised"
        in outcome.log
    )
    assert outcome.code == 1
    assert outcome.levels == ["change", "error", "error"], "it does not wait for the clock of a wrong machine"


def test_a_check_says_what_it_would_stop_at(machine: Sandbox) -> None:
    outcome = machine.run(STEP, check_only=True, environment={"CPUS": "1"})
    assert outcome.code == 1
    assert "would change: cpus: 1, not 2" in outcome.log


def test_it_waits_for_the_clock(machine: Sandbox) -> None:
    (machine.root / "synchronised").unlink()
    machine.stub(
        "timedatectl", f'echo x >>"$ROOT/asked"; (($(wc -l <"$ROOT/asked") < 4)) || : >"$ROOT/synchronised"; {CLOCK}'
    )
    outcome = machine.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["change", "wait", "changed", "summary"])


def test_a_clock_that_never_synchronises_is_waited_for_by_the_unit(machine: Sandbox) -> None:
    (machine.root / "synchronised").unlink()
    outcome = machine.run(STEP, environment=NO_WAIT)
    assert outcome.code == 75
    assert "no synchronised clock yet: clock: not synchronised; what to do: timedatectl" in outcome.log


def test_a_bus_that_does_not_answer_is_waited_for_by_its_name(machine: Sandbox) -> None:
    machine.stub("timedatectl", "exit 1")
    outcome = machine.run(STEP, environment=NO_WAIT)
    assert outcome.code == 75
    assert "clock: timedatectl does not answer" in outcome.log


def test_a_waived_clock_is_not_waited_for(machine: Sandbox) -> None:
    machine.stub("timedatectl", "exit 1")
    machine.header["WAIVED_MACHINE_CHECKS"] = ("clock",)
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.root / "etc/os-release").unlink()
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
    assert "os-release" in outcome.log
