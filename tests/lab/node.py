"""A node of the lab: an inventory rendered as any user's is, launched on a machine, and watched from outside."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from meshstrap.inventory import parse_inventory
from meshstrap.plan import NodePlan, Plan, derive_plan
from meshstrap.rendering import UserData, pack_user_data, render_script
from meshstrap.secrets import Secrets
from tests.status_schema import problems

from .instance import Instance
from .process import LabError, Result
from .vendors import TAILSCALE, Sources

SYSTEMS = {"trixie": "debian-13", "bookworm": "debian-12", "sid": "debian-13"}
SCRIPT = "/opt/meshstrap/bootstrap.sh"
# No instance of a cloud's; its processors are those of the machine below.
LAB_MACHINE = "shape: generic, arch: amd64"
# The steps before the tailnet begins: what a lab without a coordination server can hold a machine to.
LAST_STEP = "mesh_guards"


def lab_inventory(
    sources: Sources, suite: str = "trixie", *, node: str = "", cluster: str = "", extra: str = ""
) -> str:
    """The inventory of one worker and its control plane. ``node`` and ``cluster`` are further keys in flow style.

    What differs from any user's: the sources, and that the clock of the machine below is not the lab's to judge.
    """
    repositories = "".join(
        f"    {name}: {{url: 'http://apt.lab.test/{name}{slash}', suite: {suite_name}, component: '{component}', "
        f"key_url: 'http://apt.lab.test/{name}/key.asc', key_fingerprints: [{sources.fingerprint}]}}\n"
        for name, slash, suite_name, component in (
            ("kubernetes", "/", "/", ""),
            ("containerd", "", "lab", "stable"),
            ("tailscale", "", "lab", "main"),
        )
    )
    # The unreleased Debian stands in for a newer cloud-init, and is none of the systems that nodes may have.
    waived = "clock, os" if suite == "sid" else "clock"
    return (
        f"cluster:\n  name: lab\n  waive_machine: [{waived}]\n{cluster}"
        f"tailnet: {{version: {TAILSCALE}}}\n"
        "accounts:\n  - {name: alice, subnet: 10.0.0.0/24}\n  - {name: bob, subnet: 10.0.0.0/24}\n"
        f"nodes:\n  - {{name: cp1, account: alice, role: control-plane, {LAB_MACHINE}, os: debian-13}}\n"
        f"  - {{name: w1, account: bob, role: worker, {LAB_MACHINE}, os: {SYSTEMS[suite]}{node}}}\n"
        f"sources:\n  repositories:\n{repositories}{extra}"
    )


@dataclass
class Rendered:
    """What ``invoke render`` makes of an inventory for one node."""

    plan: Plan
    node: NodePlan
    script: str
    user_data: UserData


def render(inventory: str, name: str = "w1", secrets: Secrets | None = None) -> Rendered:
    """Render one node of an inventory."""
    plan = derive_plan(parse_inventory(inventory, "lab.yaml"))
    node = plan.node(name)
    script = render_script(plan, node)
    return Rendered(plan, node, script.text, pack_user_data(plan, node, script, secrets or Secrets()))


def run_impatiently(machine: Instance, path: str, *arguments: str) -> Result:
    """Run a script without its pauses between tries: a repository that is wrong stays so."""
    return machine.run("env", "BASH_FUNC_sleep%%=() { :; }", "bash", path, *arguments, timeout=600)


def status(machine: Instance) -> dict[str, Any]:
    """What the machine says of itself, held to the schema at each look; empty before it has said anything."""
    found = machine.run("cat", "/var/lib/meshstrap/status.json")
    parsed: dict[str, Any] = json.loads(found.out) if found.code == 0 else {}
    if parsed and (wrong := problems(parsed)):
        raise LabError(f"{machine.name}: a wrong status: {'; '.join(wrong)}\n{found.out}")
    return parsed


def settled(state: dict[str, Any], last: str = LAST_STEP) -> bool:
    """Whether every step up to the last one of the lab has converged."""
    for step in state.get("steps", []):
        if step["state"] not in {"ok", "changed"}:
            return False
        if step["name"] == last:
            return True
    return False


def wait_settled(machine: Instance, seconds: float = 120, *, every: float = 0.3) -> dict[str, Any]:
    """Wait until the node's steps before the tailnet hold; a failed step ends the wait. It looks ``every`` so often."""
    deadline = time.monotonic() + seconds
    state: dict[str, Any] = {}
    while time.monotonic() < deadline:
        state = status(machine)
        if settled(state):
            return state
        if state.get("state") == "failed":
            break
        time.sleep(every)
    raise LabError(f"{machine.name} did not settle: {json.dumps(state, indent=1)}")


def bootstrap(machine: Instance, *arguments: str, timeout: float = 300) -> Result:
    """Run the script by hand, as a person would."""
    return machine.run("bash", SCRIPT, *arguments, timeout=timeout)


def check_steps(machine: Instance) -> list[str]:
    """The log lines of ``--check`` for the steps before the tailnet."""
    lines = bootstrap(machine, "--check").err.splitlines()
    end = next(number for number, line in enumerate(lines) if f" {LAST_STEP}: " in line)
    return lines[: end + 1]
