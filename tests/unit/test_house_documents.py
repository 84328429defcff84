"""What is generated and committed is what would be generated now; what is said in two places is the same."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from meshstrap.inventory import json_schema
from meshstrap.language import LANGUAGES
from meshstrap.pipeline import load_plan
from meshstrap.steps import catalogue, steps_for
from meshstrap.views.pictures import mermaid_picture
from tests.docs.steps import step_table_markdown
from tests.readme import ROOT, hold_part, readme

NODES = [(role, family) for role in ("control-plane", "worker") for family in ("apt", "dnf")]
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt && .venv/bin/invoke render"
GATE = ".venv/bin/nox"


def test_readme_has_the_catalogue_of_steps(update_golden: bool) -> None:
    hold_part("steps", step_table_markdown, update=update_golden)


def test_the_table_of_steps_says_who_has_each() -> None:
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in step_table_markdown().splitlines()[2:]]
    assert [row[0].strip("`") for row in rows] == [step.name for step in catalogue()]
    everywhere = {row[0].strip("`") for row in rows if row[1] == "all"}
    assert everywhere == set.intersection(*(set(steps_for(role=role, family=family)) for role, family in NODES))


def test_readme_has_the_picture_of_the_example(update_golden: bool) -> None:
    def drawn(language: str) -> str:
        return f"```mermaid\n{mermaid_picture(load_plan(ROOT / 'cluster.example.yaml'), 'topology', language)}```\n"

    hold_part("topology", drawn, update=update_golden)


def test_schema_is_that_of_the_models() -> None:
    kept = (ROOT / "cluster.schema.json").read_text(encoding="utf-8")
    assert kept == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", "run `invoke schema`"


def test_readme_and_ci_run_the_same_two_lines() -> None:
    for language in LANGUAGES:
        text = readme(language).read_text(encoding="utf-8")
        assert text.index(SET_UP) < text.index(f"\n{GATE}\n")
    commands = re.findall(r"^run '(.*)'$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[:2] == [SET_UP, GATE]


@pytest.mark.parametrize("file", ["requirements.txt", "tests/requirements.txt", "tests/page/requirements.txt"])
def test_requirements_are_pinned_hashed_and_name_no_place(file: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert pins
    assert all(re.match(r"[a-z0-9.-]+==[0-9][^ ]*( ; .*)? \\$", pin) for pin in pins)
    assert not [line for line in lines if re.search(r"://|^-|(^|\s)/|find-links|index", line)]
    # A pin is hashed if a hash follows it at once.
    assert all("--hash=sha256:" in lines[lines.index(pin) + 1] for pin in pins)


def test_what_npm_fetches_is_pinned_hashed_and_names_no_place() -> None:
    packages = json.loads((ROOT / "tests" / "page" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)


def test_requirements_hold_everything_that_is_asked_for() -> None:
    def names(text: str) -> set[str]:
        return {name.lower() for name in re.findall(r"^([A-Za-z][A-Za-z0-9-]*)(?=[=<>])", text, re.MULTILINE)}

    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    needed = names("\n".join(own))
    (added, pinned), (tests, tests_pinned) = (
        [names((ROOT / folder / f"requirements.{kind}").read_text(encoding="utf-8")) for kind in ("in", "txt")]
        for folder in (".", "tests")
    )
    assert not needed & added | needed & tests | added & tests
    assert needed | added <= pinned
    assert tests <= tests_pinned
    # Who renders installs none of these.
    assert not tests & pinned


def test_what_two_requirements_share_is_pinned_alike() -> None:
    """They are installed into one environment, one after the other."""
    pins = [
        dict(
            re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / folder / "requirements.txt").read_text("utf-8"), re.MULTILINE)
        )
        for folder in (".", "tests", "tests/page")
    ]
    for one in pins:
        for other in pins:
            assert {name: other[name] for name in one.keys() & other} == {
                name: one[name] for name in one.keys() & other
            }


def test_only_the_readmes_of_generated_are_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/generated/*", "!/generated/README.md", "!/generated/README.ko.md"} <= set(ignored)
    assert {"secrets*.yaml", "uv.lock"} <= set(ignored)
