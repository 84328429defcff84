"""The guards between Tailscale and Cilium: what holds in the kernel and in tailscaled counts, not the files alone."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from meshstrap.rendering import render_documents
from tests.golden.cases import example_plan
from tests.shell.sandbox import Sandbox
from tests.shell.service_stubs import SILENT, changes, older, stub_systemctl

RULE = "[Service]\nExecStart=/bin/sh -c 'ip -4 rule add pref 5207 to 100.64.0.0/10 lookup 52'"
RULES = r"""
printf '0:\tfrom all lookup local\n'
[[ ! -e $S/active-meshstrap-mesh-rule || -e $S/lost ]] ||
  printf '5207:\tfrom all to %s lookup 52 proto kernel\n' "$(cat $S/subnet 2>/dev/null || echo 100.64.0.0/10)"
printf '5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n'"""
RESTART_RULE = "systemctl restart meshstrap-mesh-rule.service"
RESTART_DAEMON = "systemctl restart tailscaled"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """tailscaled as its package leaves it: running, allowed to talk to anything."""
    sandbox.header |= {"MESH_RULE_UNIT": RULE, "TAILSCALED_DROP_IN": "[Service]\nIPAddressDeny=10.244.0.0/16"}
    stub_systemctl(sandbox, "tailscaled")
    sandbox.write("state/denied", "169.254.0.0/16 10.244.0.0/16\n")
    sandbox.write("state/stale", "")
    sandbox.stub("ip", f"S={sandbox.root}/state\n{RULES}")
    sandbox.stub("nft", f"[[ $* == 'list table inet meshstrap' && ! -e {sandbox.root}/state/flushed ]]")
    return sandbox


def test_it_sets_both_guards(machine: Sandbox) -> None:
    done = machine.run("mesh_guards")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.read("etc/systemd/system/meshstrap-mesh-rule.service") == RULE + "\n"
    assert "10.244.0.0/16" in machine.read("etc/systemd/system/tailscaled.service.d/10-meshstrap.conf")
    assert RESTART_RULE in done.calls
    assert RESTART_DAEMON in done.calls


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    again = machine.run("mesh_guards")
    assert (again.code, again.levels, changes(again.calls)) == (0, ["ok", "summary"], []), again.log


def test_a_lost_rule_comes_back_without_cutting_the_mesh(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    machine.write("state/lost", "")
    machine.stub("ip", f"S={machine.root}/state; [[ ! -e $S/again ]] || rm -f $S/lost; touch $S/again\n{RULES}")
    done = machine.run("mesh_guards")
    assert (done.code, RESTART_RULE in done.calls, RESTART_DAEMON in done.calls) == (0, True, False), done.log


def test_a_lost_table_comes_back_without_cutting_the_mesh(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    machine.write("state/flushed", "")
    assert machine.run("mesh_guards", check_only=True).levels == ["drift", "summary"]
    machine.stub("nft", f"S={machine.root}/state; [[ ! -e $S/flushed ]] || {{ rm $S/flushed; exit 1; }}")
    done = machine.run("mesh_guards")
    assert (done.code, RESTART_RULE in done.calls, RESTART_DAEMON in done.calls) == (0, True, False), done.log


def test_a_rule_to_another_subnet_is_none(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    machine.write("state/subnet", "100.64.0.0/16\n")
    assert machine.run("mesh_guards", check_only=True).levels == ["drift", "summary"]


def test_the_file_alone_is_not_enough(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    machine.write("state/denied", "10.0.0.0/8\n")
    assert machine.run("mesh_guards", check_only=True).levels == ["drift", "summary"]


def test_tailscaled_that_is_older_than_the_file_is_restarted(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    older(machine, "state/active-tailscaled")
    done = machine.run("mesh_guards")
    assert (done.code, RESTART_DAEMON in done.calls) == (0, True), done.log


def test_a_unit_that_fails_is_an_error(machine: Sandbox) -> None:
    machine.write("state/broken-meshstrap-mesh-rule", "")
    done = machine.run("mesh_guards")
    assert (done.code, done.levels) == (1, ["change", "error", "error"]), done.log


def test_a_bus_that_does_not_answer_cuts_no_mesh(machine: Sandbox) -> None:
    machine.run("mesh_guards")
    machine.write("state/lost", "")
    machine.stub("ip", f"S={machine.root}/state; [[ ! -e $S/again ]] || rm -f $S/lost; touch $S/again\n{RULES}")
    (machine.bin / "systemctl").rename(machine.bin / "systemctl-that-answers")
    machine.stub("systemctl", f'if [[ $* == show*tailscaled ]]; then {SILENT}; fi; systemctl-that-answers "$@"')
    done = machine.run("mesh_guards")
    assert (done.code, RESTART_DAEMON in done.calls) == (1, False), done.log
    assert "systemctl does not answer" in done.log


@pytest.mark.parametrize(("failing", "rounds"), [("", 4), ("1", 4), ("1 3", 4), ("1 2", 1), ("2 3", 2)])
def test_what_fails_once_is_asked_again_before_anything_is_started_anew(
    sandbox: Sandbox, failing: str, rounds: int
) -> None:
    """``failing``: which of the questions have no good answer. Somebody ends the loop in its fourth round."""
    asked = f'$(grep -c "^${{0##*/}}" "{sandbox.root}/calls")'
    sandbox.stub("sleep", f"(({asked} < 4))")
    sandbox.stub("iptables", f'[[ " {failing} " != *" {asked} "* ]]')
    for name in ("nft", "systemctl", "crictl"):
        sandbox.stub(name)
    subprocess.run(["/bin/sh", "-c", unit_loop()], env={"PATH": str(sandbox.bin)}, check=True)
    calls = (sandbox.root / "calls").read_text().splitlines()
    assert (calls.count("sleep 30"), "systemctl try-restart tailscaled" in calls) == (rounds, True)


@pytest.mark.parametrize("routing", ["vxlan", "tailnet"])
def test_the_unit_adds_the_rules_that_are_missing(sandbox: Sandbox, routing: str) -> None:
    wanted = {"5207": "to 100.64.0.0/10 lookup 52"}
    if routing == "tailnet":
        wanted |= {"5208": "to 10.244.0.0/16 lookup 52", "5280": "nop", "5209": "goto 5280"}
    adds = [f"ip -4 rule add pref {pref} {rule} protocol kernel" for pref, rule in wanted.items()]
    shown = sandbox.root / "rules"
    said = rf"""rule="$5:"$'\t'"from all ${{*:6}}"; echo "${{rule% protocol kernel}}" >>{shown}"""
    sandbox.stub("ip", f"case $3 in show) cat {shown} ;; add) {said} ;; esac")
    sandbox.write("rules", "5207:\tfrom all to 100.99.0.0/16 lookup 52\n")
    assert added(sandbox, routing) == adds
    assert added(sandbox, routing) == []
    sandbox.write("rules", sandbox.read("rules").replace("to 100.64.0.0/10", "to 100.64.0.0/11"))
    assert added(sandbox, routing) == adds[:1]


def test_the_unit_fails_with_the_first_rule_that_cannot_be_added(sandbox: Sandbox) -> None:
    sandbox.stub("ip", "[[ $3 != add ]] || { echo 'RTNETLINK answers: Operation not permitted' >&2; exit 2; }")
    with pytest.raises(subprocess.CalledProcessError):
        added(sandbox, "tailnet")
    assert sandbox.read("calls").count(" add ") == 1


def added(sandbox: Sandbox, routing: str) -> list[str]:
    """The rules that the unit adds."""
    sandbox.write("calls", "")
    (rules,) = unit_shells("ExecStartPre", routing)
    subprocess.run(["/bin/sh", "-ec", rules], env={"PATH": str(sandbox.bin)}, check=True)
    return [call for call in sandbox.read("calls").splitlines() if " add " in call]


def unit_loop() -> str:
    """What the unit goes on with once the rules are there."""
    (loop,) = unit_shells("ExecStart")
    return loop


def unit_shells(setting: str, routing: str = "vxlan") -> list[str]:
    """What a setting of the unit gives to a shell, as systemd takes it out of its quotes."""
    plan = replace(example_plan(), routing=routing)
    rendered = {document.name: document.text for document in render_documents(plan, plan.nodes[0])}
    found = re.findall(rf'^{setting}=/bin/sh -e?c "(.*)"$', rendered["meshstrap-mesh-rule.service"], re.MULTILINE)
    return [text.replace('\\"', '"').replace("$$", "$") for text in found]


def test_cannot_tell(machine: Sandbox) -> None:
    machine.stub("ip", "echo 'Cannot open netlink socket: Operation not permitted' >&2; exit 2")
    done = machine.run("mesh_guards")
    assert done.code == 1
    assert "cannot tell" in done.log
    assert "netlink" in done.log
