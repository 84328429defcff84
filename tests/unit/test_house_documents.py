"""What is generated and committed is what would be generated now; what is said in two places is the same."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from meshstrap.inventory import json_schema
from meshstrap.language import LANGUAGES
from meshstrap.pipeline import load_plan, pack_nodes, render_scripts
from meshstrap.rendering.userdata import METADATA_LIMIT
from meshstrap.views.pictures import mermaid_picture
from meshstrap.views.steps import step_table_markdown
from tests.bench.made_up import made_up_secrets
from tests.golden.cases import example_plan
from tests.readme import ROOT, hold_part, readme

SET_UP = "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt && .venv/bin/invoke render"
GATE = ".venv/bin/nox"


def test_readme_has_the_catalogue_of_steps(update_golden: bool) -> None:
    hold_part("steps", step_table_markdown, update=update_golden)


def test_readme_has_the_picture_of_the_example(update_golden: bool) -> None:
    def drawn(language: str) -> str:
        return f"```mermaid\n{mermaid_picture(load_plan(ROOT / 'cluster.example.yaml'), 'topology', language)}```\n"

    hold_part("topology", drawn, update=update_golden)


SIZES = re.compile(r"^(\w+) +(?:control-plane|worker) +\w+ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)% +(\d+)%", re.MULTILINE)
SHARES = re.compile(r"takes (\d+) % of it as `user-data\.b64` and (\d+) %.*?; a worker (\d+) % and (\d+) %", re.DOTALL)


def test_readme_shows_about_what_a_render_of_the_example_says() -> None:
    plan = example_plan()
    packed = pack_nodes(plan, render_scripts(plan), made_up_secrets(plan))
    text = readme("en").read_text(encoding="utf-8")
    shown = {name: [int(figure) for figure in rest] for name, *rest in SIZES.findall(text)}
    assert list(shown) == [node.name for node in plan.nodes]
    for node in plan.nodes:
        sizes, (steps, script, xz, base94, pasted, b64) = packed[node.name], shown[node.name]
        assert steps == len(node.steps)
        # Bytes move with every change of a script: what is shown may be old by 3 %, a share by 2 of a hundred.
        for old, now in ((script, sizes.script), (xz, sizes.compressed), (base94, sizes.compressed * 11 / 9)):
            assert old == pytest.approx(now, rel=0.03), f"{node.name}: README.md says {old}, a render {now:.0f}"
        for old, now in ((pasted, sizes.pasted), (b64, sizes.packed)):
            assert old == pytest.approx(100 * now / METADATA_LIMIT, abs=2), f"{node.name}: README.md says {old} %"
    (_, control_plane), (_, worker), *_ = shown.items()
    said = [int(share) for shares in SHARES.findall(text) for share in shares]
    assert said == [*control_plane[:-3:-1], *worker[:-3:-1]]


def test_schema_is_that_of_the_models() -> None:
    kept = (ROOT / "cluster.schema.json").read_text(encoding="utf-8")
    assert kept == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", "run `invoke schema`"


def test_readme_and_ci_run_the_same_two_lines() -> None:
    for language in LANGUAGES:
        text = readme(language).read_text(encoding="utf-8")
        assert text.index(SET_UP) < text.index(f"\n{GATE}\n")
    commands = re.findall(r"^run '(.*)'$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[:2] == [SET_UP, GATE]


@pytest.mark.parametrize("file", ["requirements.txt", "tests/page/requirements.txt"])
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
    wanted, added, pinned = (
        names("\n".join(own)),
        *(names((ROOT / f"requirements.{kind}").read_text(encoding="utf-8")) for kind in ("in", "txt")),
    )
    assert not wanted & added
    assert wanted | added <= pinned


def test_only_the_readmes_of_generated_are_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/generated/*", "!/generated/README.md", "!/generated/README.ko.md"} <= set(ignored)
    assert {"secrets*.yaml", "uv.lock"} <= set(ignored)
