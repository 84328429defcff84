from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from meshstrap import lint
from meshstrap.errors import LintFailed
from meshstrap.lint import lint_scripts, lint_sources
from meshstrap.rendering import Part, Script

ROOT = Path(__file__).resolve().parents[2]
HEADER = "#!/usr/bin/env bash\n# {node}\nreadonly NODE_NAME={node}\nreadonly DOCUMENT='a\nb: {value}'\n"
CODE = '# steps/hello/step.sh\nhello() {\n  printf \'%s %s\\n\' "$NODE_NAME" "$DOCUMENT"\n}\nhello\n'


def script(node: str, *, value: str = "v", header: str = HEADER, code: str = CODE) -> Script:
    """A script of one part, whose lines were lines 10, 20, … of its source."""
    head = header.format(node=node, value=value)
    lines = tuple(range(10, 10 * code.count("\n"), 10))
    part = Part(file="scripts/steps/hello/step.sh", first_line=head.count("\n") + 2, lines=lines)
    return Script(header=head, code=code, parts=(part,), plan_hash="")


def findings(scripts: dict[str, Script]) -> list[str]:
    with pytest.raises(LintFailed) as caught:
        lint_scripts(scripts)
    return [str(finding) for finding in caught.value.findings]


def test_the_projects_own_sources_have_no_finding() -> None:
    lint_sources(ROOT / "scripts")


def test_clean_scripts_pass() -> None:
    lint_scripts({f"n{number}": script(f"n{number}", value=str(number % 3)) for number in range(120)})
    lint_scripts({})


def test_a_finding_names_the_source_and_its_line_once_for_all_nodes() -> None:
    broken = CODE.replace('"$NODE_NAME"', "$NODE_NAME")
    (finding,) = findings({"a": script("a", code=broken), "b": script("b", code=broken)})
    assert finding.startswith("scripts/steps/hello/step.sh:20:20: SC2248 (style): ")


def test_shellchecks_optional_rules_hold() -> None:
    broken = CODE.replace("\nhello\n", '\ncase "$NODE_NAME" in\n  a) hello ;;\nesac\n')
    assert "SC2249" in findings({"a": script("a", code=broken)})[0]


def test_what_bash_cannot_parse_names_the_source_too() -> None:
    broken = CODE.replace("}\nhello\n", "}\nhello ;;\n")
    found = findings({"a": script("a", code=broken)})
    assert any(finding.startswith("scripts/steps/hello/step.sh:40:1: bash -n: syntax error") for finding in found)


def test_a_finding_in_the_values_names_the_node() -> None:
    found = findings({"n0": script("n0", value="x'$(whoami)'y")})
    assert found
    assert [finding for finding in found if finding.startswith("generated/n0/bootstrap.sh:4:10: SC")] == found


def test_a_quote_that_no_value_closes_is_found() -> None:
    assert any("bash -n: " in finding for finding in findings({"n0": script("n0", value="it's")}))


def test_one_script_of_each_shape_is_linted(monkeypatch: pytest.MonkeyPatch) -> None:
    other = CODE.replace("hello", "greet")
    asked: list[str] = []

    def ask(options: tuple[str, ...], path: Path) -> list[object]:
        assert options == ("--exclude=SC2016",)
        asked.append(path.name)
        return []

    monkeypatch.setattr(lint, "_findings", ask)
    scripts = {f"n{number}": script(f"n{number}", code=CODE if number % 2 else other) for number in range(100)}
    lint_scripts(scripts)
    assert sorted(asked) == ["n0", "n1"]


def test_the_place_can_be_named_otherwise() -> None:
    with pytest.raises(LintFailed, match=r"^out/a/bootstrap\.sh:4:10:"):
        lint_scripts({"a": script("a", value="x'$(whoami)'y")}, "out/{node}/bootstrap.sh")


def test_a_bug_planted_in_a_step_file_is_found_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    step = tmp_path / "scripts" / "steps" / "hostname" / "step.sh"
    line = step.read_text().count("\n") + 1
    with step.open("a") as file:
        file.write("planted() { rm -r $ROOT/$1; }\n")
    with pytest.raises(LintFailed, match=rf"^scripts/steps/hostname/step\.sh:{line}:19: SC2086") as caught:
        lint_sources(tmp_path / "scripts")
    assert {finding.file for finding in caught.value.findings} == {"scripts/steps/hostname/step.sh"}


def test_the_persons_own_shellcheck_options_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELLCHECK_OPTS", "--exclude=SC2086")
    assert findings({"a": script("a", code=CODE.replace('"$NODE_NAME"', "$NODE_NAME"))})


@pytest.mark.parametrize("program", ["shellcheck", "bash"])
def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    original = shutil.which
    if program == "shellcheck":
        monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None if name == program else original(name))
    with pytest.raises(LintFailed, match=f"^{program}: no script is written .* {program} cannot be run: it is "):
        lint_scripts({"a": script("a")})


@pytest.mark.parametrize(
    ("text", "why"),
    [("not a program", "Exec format error"), ("#!/bin/bash\nkill -9 $$", "ended with -9, without a word")],
)
def test_a_shellcheck_that_cannot_run_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, why: str
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    (tmp_path / "shellcheck").write_text(text)
    (tmp_path / "shellcheck").chmod(0o755)
    with pytest.raises(LintFailed, match=f"^shellcheck: .*{why}$"):
        lint_scripts({"a": script("a")})


def test_a_shellcheck_that_fails_itself_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "SHELLCHECK_RULES", ROOT / "no-such-file")
    with pytest.raises(LintFailed, match="no-such-file"):
        lint_scripts({"a": script("a")})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that were run."""
    names: list[str] = []
    run = lint._run

    def noting(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        names.append(Path(command[0]).name)
        return run(command)

    monkeypatch.setattr(lint, "_run", noting)
    return names


def test_nobody_is_asked_twice_about_a_text_without_findings(tmp_path: Path, asked: list[str]) -> None:
    kept = tmp_path / "cache" / "linted"
    scripts = {"a": script("a"), "b": script("b", code=CODE.replace("hello\n", "hello # again\n"))}
    lint_scripts(scripts, kept=kept)
    assert sorted(asked) == ["bash", "bash", "shellcheck", "shellcheck"]
    assert kept.stat().st_mode & 0o777 == 0o700
    lint_scripts(scripts, kept=kept)
    assert len(asked) == 4
    lint_scripts({**scripts, "a": script("a", value="w")}, kept=kept)
    assert sorted(asked[4:]) == ["bash", "shellcheck"]
    lint_scripts(scripts)
    assert len(asked) == 10


def test_another_shellcheck_or_another_rule_is_asked_again(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, scripts = tmp_path / "kept", {"a": script("a")}
    newer = Path(shutil.copy(lint._shellcheck_program(), tmp_path / "shellcheck"))
    lint_scripts(scripts, kept=kept)
    with monkeypatch.context() as patch:
        patch.setattr(lint, "_shellcheck_program", lambda: str(newer))
        lint_scripts(scripts, kept=kept)
        assert asked.count("shellcheck") == 2
        os.utime(newer, ns=(0, 0))
        lint_scripts(scripts, kept=kept)
        assert asked.count("shellcheck") == 3
    rules = tmp_path / "rules"
    rules.write_text("# none\n")
    monkeypatch.setattr(lint, "SHELLCHECK_RULES", rules)
    lint_scripts(scripts, kept=kept)
    assert asked.count("shellcheck") == 4


def test_findings_are_found_again_and_again(tmp_path: Path) -> None:
    broken = {"a": script("a", code=CODE.replace('"$NODE_NAME"', "$NODE_NAME"))}
    for _ in range(2):
        with pytest.raises(LintFailed, match="SC2248"):
            lint_scripts(broken, kept=tmp_path / "kept")


def test_a_folder_that_cannot_be_written_is_asked_nothing_of(tmp_path: Path, asked: list[str]) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        lint_scripts({"a": script("a")}, kept=tmp_path / "file" / "kept")
    assert asked.count("shellcheck") == 2
