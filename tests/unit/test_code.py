"""The code as one file for all nodes: it holds no value, and on each node it does what the node's own script does."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from meshstrap.lint import SHELLCHECK_RULES, bash_findings, shellcheck_findings
from meshstrap.pipeline import lintable_scripts, node_files, pack_nodes, render_scripts
from meshstrap.plan import NodePlan, Plan
from meshstrap.rendering import render_code, render_script
from meshstrap.rendering.code import code_variables
from meshstrap.rendering.header import VALUE_NAMES, document_variables
from meshstrap.rendering.quoting import sh
from tests.golden.cases import SYSTEMS, example_plan, secrets_for, system_plan

# What the sources tell shellcheck at single lines, and what it makes of two families' functions in one file.
TOLD = "SC1091,SC2016,SC2030,SC2053,SC2086,SC2310,SC2329,SC2034,SC2128,SC2178"
URL = "https://files.example.net/meshstrap"
NODES = [(plan, node) for plan in (example_plan(), *map(system_plan, SYSTEMS)) for node in plan.nodes]
each_node = pytest.mark.parametrize(("plan", "node"), NODES, ids=[f"{node.os}-{node.name}" for _, node in NODES])
# Not run, so that nothing but its definitions counts.
DEFINED = 'declare -f; for name in $(compgen -v); do [[ $name != [A-Z]* ]] || declare -p "$name"; done'


# What differs between two runs, or says where bash is in the text.
MOVING = frozenset(
    "PLAN_HASH BASH_LINENO BASHPID RUN_STARTED EPOCHREALTIME EPOCHSECONDS SRANDOM RANDOM LINENO PPID SECONDS".split()
)


def defined(plan: Plan, node: NodePlan) -> dict[str, str]:
    """Every function and constant of a node's script, by name, as bash has read it."""
    text = render_script(plan, node).text.removesuffix('main "$@"\n') + DEFINED
    done = subprocess.run(
        ["bash", "--norc"], input=text, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    functions = re.findall(r"^([a-z]\w*) \(\) \n(.*?^\})$", done.stdout, re.MULTILINE | re.DOTALL)
    values = re.findall(r"^declare \S+ (\w+)=(.*?)(?=^declare |\Z)", done.stdout, re.MULTILINE | re.DOTALL)
    return dict(functions) | dict(values)


@each_node
def test_on_each_node_it_defines_what_the_nodes_own_script_does(plan: Plan, node: NodePlan) -> None:
    own, fetched = defined(plan, node), defined(replace(plan, code_url=URL), node)
    assert {f"check_{step}" for step in node.steps} <= own.keys()
    assert {name for name, text in own.items() if fetched.get(name) != text} <= MOVING


@each_node
def test_bash_lists_the_nodes_own_steps(plan: Plan, node: NodePlan) -> None:
    text = render_script(replace(plan, code_url=URL), node).text
    done = subprocess.run(["bash", "-s", "--", "--list"], input=text, capture_output=True, text=True, check=True)
    assert (tuple(done.stdout.split()), done.stderr) == (node.steps, "")


def test_it_is_the_same_for_every_node_and_holds_no_value() -> None:
    codes = {render_script(replace(plan, code_url=URL), node).code for plan, node in NODES}
    assert codes == {render_code().text}
    set_there = set(re.findall(r"^readonly ([A-Z_]+)=", render_code().text, re.MULTILINE))
    assert set_there & (VALUE_NAMES | set(document_variables())) == code_variables()
    assert {"CRICTL_CONFIG"} <= code_variables()
    assert not code_variables() & {"CONTAINERD_CONFIG", "KUBEADM_CONFIG", "FIREWALL_RULES"}


def test_its_name_holds_its_checksum() -> None:
    code = render_code()
    assert code.name == f"code-{code.sha256[:16]}.sh"
    assert code.size == len(code.text.encode())


def test_the_linters_take_it(tmp_path: Path) -> None:
    names = sorted({*VALUE_NAMES, *document_variables(), "PLAN_HASH"} - code_variables())
    values = "".join(f"readonly {name}={sh('$x')}\n" for name in names)
    path = tmp_path / "code.sh"
    path.write_text(f"#!/usr/bin/env bash\n# shellcheck disable=SC2016\n{values}{render_code().text}")
    assert SHELLCHECK_RULES.exists()
    assert [*shellcheck_findings(path, f"--exclude={TOLD}"), *bash_findings(path)] == []


def test_what_is_linted_leads_back_to_its_source() -> None:
    plan = replace(example_plan(), code_url=URL)
    linted = lintable_scripts(plan, render_scripts(plan))
    assert {name: script.code for name, script in linted.items()} == {
        name: script.code for name, script in render_scripts(example_plan()).items()
    }
    assert all(script.parts for script in linted.values())


def test_it_is_written_beside_the_nodes_whose_scripts_are_whole() -> None:
    plan, code = replace(example_plan(), code_url=URL), render_code()
    scripts = render_scripts(plan)
    files = node_files(plan, scripts, pack_nodes(plan, scripts, secrets_for(plan)), secrets_for(plan))
    assert files[f"code/{code.name}"] == code.text
    assert files["w1/bootstrap.sh"] == scripts["w1"].header + code.text
    without = node_files(example_plan(), scripts, pack_nodes(plan, scripts, secrets_for(plan)), secrets_for(plan))
    assert files.keys() - without.keys() == {f"code/{code.name}"}
