"""The verification shares nothing with what it verifies; that both mean the same is held here and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from meshstrap.plan import names
from meshstrap.rendering import render_documents, render_script
from tests.golden.cases import example_plan

ROOT = Path(__file__).resolve().parents[3]
CHECKS = tuple((ROOT / "scripts" / "steps").glob("*/checks.py"))
SEEN_BY_CHECKS = (*(ROOT / "meshstrap" / "verify" / "checks").glob("*.py"), *CHECKS)
IMPORT_ALL = """
import sys
from meshstrap.verify.run import checks
checks(whole=True)
print(*(name for name in sys.modules if name.startswith("meshstrap.") or name == "pytest"))
"""


def documents() -> dict[str, str]:
    plan = example_plan()
    return {found.name: found.text for found in render_documents(plan, plan.node("cp1"))}


def test_no_rendering_is_loaded_by_the_checks_whoever_imports_whom() -> None:
    ran = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in ran.stdout.split() if "." in name}
    assert {"verify", "plan", "inventory"} <= loaded
    assert loaded.isdisjoint({"rendering", "pipeline", "secrets", "lint", "output"})
    assert "pytest" not in ran.stdout.split()


def test_no_check_reads_the_scripts_or_templates() -> None:
    for path in SEEN_BY_CHECKS:
        text = path.read_text(encoding="utf-8")
        assert "scripts/" not in text, path
        assert "templates/" not in text, path


def test_the_rendered_kernel_settings_are_the_expected_ones() -> None:
    lines = (line.split(" = ") for line in documents()["sysctl.conf"].splitlines() if " = " in line)
    assert {name: value for name, value in lines} == names.SYSCTLS  # noqa: C416 - pairs of a list each


def test_the_rendered_firewall_rules_are_the_expected_openings() -> None:
    expected = names.openings(example_plan().network)
    lines = [f"{chain} {match} -j ACCEPT" for chain, matches in expected.items() for match in matches]
    assert documents()["firewall.rules"].splitlines() == lines


def test_the_rendered_guards_are_the_expected_ones() -> None:
    rendered = documents()
    rule = f"{names.MESH_RULE} to {example_plan().network.tailnet_subnet} lookup {names.TAILNET_TABLE}"
    assert rule in rendered["meshstrap-mesh-rule.service"]
    assert f"IPAddressDeny={example_plan().network.pod_subnet}\n" in rendered["tailscaled.conf"]
    assert "Wants=meshstrap-mesh-rule.service tailscale-online.target\n" in rendered["kubelet.conf"]
    assert "SystemdCgroup = true" in rendered["containerd.toml"]


def test_the_rendered_policy_denies_what_is_expected_to_be_denied() -> None:
    deny = yaml.safe_load(documents()["cluster-policies.yaml"])["spec"]["egressDeny"][0]
    assert deny["toCIDR"] == [f"{names.METADATA_ADDRESS}/32"]


def test_the_script_uses_the_expected_places() -> None:
    plan = example_plan()
    script = "".join(render_script(plan, plan.node(name)).text for name in ("cp1", "w1")).replace("$ROOT", "")
    for place in (names.DATA_VOLUME, *names.DATA_USERS, names.SECRETS_FOLDER, names.STATUS_FILE, names.ADDRESS_RECORD):
        assert place in script, place
