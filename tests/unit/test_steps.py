"""The catalogue: order, who gets what, and that every library a step calls comes with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meshstrap.plan.machines import FAMILIES, FIREWALLS, ROLES
from meshstrap.plan.steps import BASE_LIBRARIES, CATALOGUE, LIBRARY_ORDER, Step, files_for, step_named, steps_for

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

_FUNCTION = re.compile(r"^([a-z][a-z0-9_]*)\(\) ", re.MULTILINE)
_CONSTANT = re.compile(r"(?:^readonly|^declare -\S+|(?<=\S)) ([A-Z][A-Z0-9_]*)=|^([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_SHAPES = [(role, family, given) for role in ROLES for family in FAMILIES for given in (False, True)]


def test_the_order_is_the_designs() -> None:
    order = (
        "machine_supported hostname hostname_kept swap_off kernel_modules kernel_sysctls block_volume host_firewall "
        "selinux trusted_ca package_sources packages containerd mesh_guards tailnet kubelet control_plane join cilium "
        "cluster_policies kubeconfig node_ready"
    )
    assert [step.name for step in CATALOGUE] == order.split()


@pytest.mark.parametrize(
    ("role", "family", "given", "absent"),
    [
        ("control-plane", "apt", True, {"join", "selinux", "hostname_kept"}),
        ("control-plane", "dnf", False, {"join", "block_volume", "trusted_ca"}),
        (
            "worker",
            "apt",
            False,
            {"control_plane", "cilium", "cluster_policies", "kubeconfig", "selinux", "hostname_kept", "block_volume"}
            | {"trusted_ca"},
        ),
        ("worker", "dnf", True, {"control_plane", "cilium", "cluster_policies", "kubeconfig"}),
    ],
)
def test_who_gets_which_step(role: str, family: str, given: bool, absent: set[str]) -> None:
    steps = steps_for(role=role, family=family, has_block_volume=given, has_trusted_ca=given)
    assert list(steps) == [step.name for step in CATALOGUE if step.name not in absent]


def test_every_step_says_what_holds_afterwards() -> None:
    assert all(step.holds and step.holds[-1] not in ".;" for step in CATALOGUE)


def test_a_step_is_found_by_name() -> None:
    assert step_named("join").roles == ("worker",)
    with pytest.raises(KeyError):
        step_named("dance")


@pytest.mark.parametrize(("role", "family", "given"), _SHAPES)
def test_files_come_once_libraries_first_main_last(role: str, family: str, given: bool) -> None:
    steps = steps_for(role=role, family=family, has_block_volume=given, has_trusted_ca=given)
    files = files_for(steps, family)
    assert len(files) == len(set(files))
    assert files[: len(BASE_LIBRARIES)] == tuple(f"lib/{name}.sh" for name in BASE_LIBRARIES)
    assert files[-1] == "main.sh"
    assert [file for file in files if file.startswith("steps/")] == [f"steps/{step}.sh" for step in steps]
    assert all((SCRIPTS / file).is_file() for file in files)


def test_every_script_belongs_to_some_node() -> None:
    used = {
        file
        for role, family, given in _SHAPES
        for file in files_for(steps_for(role=role, family=family, has_block_volume=given, has_trusted_ca=given), family)
    }
    assert used == {str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.sh")}


def test_every_step_and_library_defines_a_pair() -> None:
    for step in CATALOGUE:
        functions = set(_FUNCTION.findall((SCRIPTS / f"steps/{step.name}.sh").read_text()))
        assert {f"check_{step.name}", f"apply_{step.name}"} <= functions


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("step", CATALOGUE, ids=lambda step: step.name)
def test_a_step_names_the_libraries_that_it_calls_and_no_other(step: Step, family: str) -> None:
    if family not in step.families:
        return
    words = {"family": family, "firewall": FIREWALLS[family]}
    optional = [library.format_map(words) for library in LIBRARY_ORDER]
    called: list[str] = []
    waiting = [f"steps/{step.name}.sh"]
    while waiting:
        text = code(waiting.pop())
        found = [library for library in optional if library not in called and calls(text, library)]
        waiting += [f"lib/{library}.sh" for library in found]
        called += found
    assert sorted(called) == sorted(library.format_map(words) for library in step.libraries)


def test_what_is_retried_is_never_a_function() -> None:
    files = [str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.sh")]
    functions = {name for file in files for name in _FUNCTION.findall(code(file))}
    retried = [word for file in files for word in re.findall(r'\bretry ["$0-9]+ [0-9]+ (\S+)', code(file))]
    assert {"curl", "apt-get", "dnf"} <= set(retried)
    assert not functions & set(retried)


def calls(text: str, library: str) -> bool:
    """Whether the text uses a name that the library defines: a single word only where a command may stand."""
    defined = code(f"lib/{library}.sh")
    names = {*_FUNCTION.findall(defined), *(one or other for one, other in _CONSTANT.findall(defined))}
    long = {name for name in names if "_" in name}
    short = names - long
    return bool(long & set(re.findall(r"[A-Za-z][A-Za-z0-9_]*", text))) or any(
        re.search(rf"(?:^|[|;({{&!]|\b(?:ask|then|do))\s*{name}\b(?! \|)", text, re.MULTILINE) for name in short
    )


def code(file: str) -> str:
    lines = (SCRIPTS / file).read_text().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("#"))
