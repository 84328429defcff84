"""The catalogue: who gets what, what its files must say, and that every library a step calls comes with it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from meshstrap.errors import CatalogueInvalid
from meshstrap.plan.machines import FAMILIES, ROLES
from meshstrap.rendering.files import ADOPT_FILES, BASE_LIBRARIES, LIBRARY_ORDER, files_for, library_file
from meshstrap.rendering.header import VALUE_NAMES, document_variables
from meshstrap.rendering.parts import assemble_files
from meshstrap.steps import Step, catalogue, load_catalogue, step_named, steps_for
from meshstrap.steps.model import Family, Need, Role

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
GIVEN = get_args(Need)

_FUNCTION = re.compile(r"^([a-z][a-z0-9_]*)\(\) ", re.MULTILINE)
_CONSTANT = re.compile(r"(?:^readonly|^declare -\S+|(?<=\S)) ([A-Z][A-Z0-9_]*)=|^([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_SHAPES = [(role, family, given) for role in ROLES for family in FAMILIES for given in ((), GIVEN)]
each_step = pytest.mark.parametrize("step", catalogue(), ids=lambda step: step.name)


OF_CONTROL_PLANE = {"control_plane", "bootstrap_tokens", "cilium", "cluster_policies", "kubeconfig"}
NEEDING = {"block_volume", "trusted_ca", "registry_mirrors", "pod_routes"}


@pytest.mark.parametrize(
    ("role", "family", "given", "absent"),
    [
        ("control-plane", "apt", GIVEN, {"join", "selinux", "hostname_kept", "root_volume"}),
        ("control-plane", "dnf", (), {"join", *NEEDING}),
        (
            "worker",
            "apt",
            (),
            OF_CONTROL_PLANE | {"selinux", "hostname_kept", "root_volume", *NEEDING},
        ),
        ("worker", "dnf", GIVEN, OF_CONTROL_PLANE),
    ],
)
def test_who_gets_which_step(role: str, family: str, given: tuple[str, ...], absent: set[str]) -> None:
    steps = steps_for(role=role, family=family, given=given)
    assert list(steps) == [step.name for step in catalogue() if step.name not in absent]


def test_the_catalogue_and_the_plan_have_the_same_words() -> None:
    assert get_args(Role) == ROLES
    assert get_args(Family) == FAMILIES


def test_a_step_is_found_by_name() -> None:
    assert step_named("join").roles == ("worker",)
    with pytest.raises(KeyError):
        step_named("dance")


@pytest.mark.parametrize(("role", "family", "given"), _SHAPES)
def test_files_come_once_libraries_first_main_last(role: str, family: str, given: tuple[str, ...]) -> None:
    steps = steps_for(role=role, family=family, given=given)
    files = files_for(steps, family)
    assert len(files) == len(set(files))
    assert files[: len(BASE_LIBRARIES)] == tuple(f"lib/{name}.sh" for name in BASE_LIBRARIES)
    assert files[-1] == "main.sh"
    assert [file for file in files if file.startswith("steps/")] == [f"steps/{step}/step.sh" for step in steps]
    assert all((SCRIPTS / file).is_file() for file in files)


def test_every_script_belongs_to_some_node() -> None:
    used = {
        file
        for role, family, given in _SHAPES
        for file in files_for(steps_for(role=role, family=family, given=given), family)
    }
    assert used | {*ADOPT_FILES} == {str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.sh")}
    assert not used & {*ADOPT_FILES}


def test_every_step_and_library_defines_a_pair() -> None:
    for step in catalogue():
        functions = set(_FUNCTION.findall((SCRIPTS / f"steps/{step.name}/step.sh").read_text()))
        assert {f"check_{step.name}", f"apply_{step.name}"} <= functions


@pytest.mark.parametrize("family", FAMILIES)
@each_step
def test_a_step_names_the_libraries_that_it_calls_and_no_other(step: Step, family: str) -> None:
    if family not in step.families:
        return
    optional = [library_file(library, family) for library in LIBRARY_ORDER]
    called: list[str] = []
    waiting = [f"steps/{step.name}/step.sh"]
    while waiting:
        text = code(waiting.pop())
        found = [library for library in optional if library not in called and calls(text, library)]
        waiting += [f"lib/{library}" for library in found]
        called += found
    assert sorted(called) == sorted(library_file(library, family) for library in step.libraries)


@each_step
def test_a_step_names_what_its_script_reads_and_no_other(step: Step) -> None:
    reads = assemble_files((f"steps/{step.name}/step.sh",)).reads
    of_libraries = {
        name
        for family in step.families
        for library in step.libraries
        for name in assemble_files((f"lib/{library_file(library, family)}",)).reads
    }
    assert set(step.values) == reads & VALUE_NAMES
    assert reads & set(document_variables()) <= set(step.documents) <= reads | of_libraries
    assert len(step.values) == len(set(step.values))


@each_step
def test_a_step_has_a_template_for_each_document_that_is_no_data(step: Step) -> None:
    templates = {path.name.removesuffix(".j2") for path in (SCRIPTS / "steps" / step.name).glob("*.j2")}
    of_lists = {"registry_mirrors": {"hosts.toml"}, "package_sources": {"repository.repo", "repository.sources"}}
    made = {"kubeadm.yaml", "kubelet-patch.yaml", "cilium-values.yaml"}
    assert set(step.documents.values()) - made == templates - of_lists.get(step.name, set())


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "two/step.yaml",
            "holds: {en: a, ko: b}\nrole: [worker]\n",
            "two/step.yaml: role: Extra inputs are not permitted",
        ),
        (
            "two/step.yaml",
            "holds: {en: a, ko: b}\nroles: [workr]\n",
            "two/step.yaml: roles.0: Input should be 'control-plane' or 'worker'",
        ),
        ("two/step.yaml", "holds: {ko: a}\n", "two/step.yaml: holds.en: Field required"),
        (
            "two/step.yaml",
            "holds: {en: a, ko: b.}\n",
            "two/step.yaml: holds.ko: String should match pattern '^(\\S(.*[^\\s.;])?)?$'",
        ),
        ("two/step.yaml", "", "two/step.yaml: not a mapping: it says at least what `holds`"),
        ("two/step.yaml", "holds: [", "two/step.yaml: not YAML: while parsing a flow node"),
        ("two/step.yaml", None, "two/step.yaml: missing"),
        ("two/step.sh", None, "two/step.sh: missing: it defines check_two and apply_two"),
        ("order.yaml", "one\n", "order.yaml: not a list of the steps' names"),
        ("order.yaml", "- one\n", "order.yaml: two: the folder is there, its line is missing"),
        ("order.yaml", "- one\n- two\n- three\n", "order.yaml: three: has no folder beside it"),
        ("order.yaml", "- one\n- two\n- one\n", "order.yaml: one: is there twice"),
        ("order.yaml", None, "order.yaml: missing"),
    ],
)
def test_a_fault_names_its_file_and_its_key(tmp_path: Path, file: str, text: str | None, message: str) -> None:
    steps = tmp_path / "scripts" / "steps"
    for name in ("one", "two"):
        shutil.copytree(SCRIPTS / "steps" / "hostname", steps / name)
    (steps / "order.yaml").write_text("- one\n- two\n")
    assert [step.name for step in load_catalogue(steps)] == ["one", "two"]
    if text is None:
        (steps / file).unlink()
    else:
        (steps / file).write_text(text)
    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(steps)
    assert str(caught.value).startswith(f"scripts/steps/{message}")


def test_what_is_retried_is_never_a_function() -> None:
    files = [str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.sh")]
    functions = {name for file in files for name in _FUNCTION.findall(code(file))}
    retried = [word for file in files for word in re.findall(r'\bretry ["$0-9]+ [0-9]+ (\S+)', code(file))]
    assert {"curl", "apt-get", "dnf"} <= set(retried)
    assert not functions & set(retried)


def calls(text: str, library: str) -> bool:
    """Whether the text uses a name that the library defines: a single word only where a command may stand."""
    defined = code(f"lib/{library}")
    names = {*_FUNCTION.findall(defined), *(one or other for one, other in _CONSTANT.findall(defined))}
    long = {name for name in names if "_" in name}
    short = names - long
    return bool(long & set(re.findall(r"[A-Za-z][A-Za-z0-9_]*", text))) or any(
        re.search(rf"(?:^|[|;({{&!]|\b(?:ask|then|do))\s*{name}\b(?! \|)", text, re.MULTILINE) for name in short
    )


def code(file: str) -> str:
    lines = (SCRIPTS / file).read_text().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("#"))
