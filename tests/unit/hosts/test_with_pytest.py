"""``pytest --hosts`` as people run it: who is asked, how often, and what it says."""

from __future__ import annotations

import re
from pathlib import Path

from meshstrap.errors import NotAllAsked
from meshstrap.verify.catalogue import checks
from meshstrap.views.page.model import pytest_command
from tests.unit.hosts.conftest import FakeFleet
from tests.unit.hosts.faults import data, put
from tests.unit.hosts.green import green, plan
from tests.unit.hosts.table_lifetimes import APISERVER, ends

BOTH = "--hosts=ssh://ubuntu@cp1,ssh://opc@w1"


def counts(text: str) -> dict[str, int]:
    """pytest's last line: ``{"passed": 3, "skipped": 1}``."""
    return {what: int(number) for number, what in re.findall(r"(\d+) ([a-z ]+?)(?=,| in )", text.splitlines()[-1])}


def test_hosts_that_are_as_planned_pass_each_asked_over_one_connection(fleet: FakeFleet) -> None:
    ran = fleet.pytest(BOTH)
    assert ran.returncode == 0, ran.stdout
    assert "home: 2 nodes of " in ran.stdout
    assert sum(counts(ran.stdout).values()) == 2 * len(checks())
    assert sorted(call.split()[0] for call in fleet.calls) == ["cp1", "w1"]
    assert all("BatchMode=yes" in call and "ConnectTimeout=" in call for call in fleet.calls)


def test_only_these_tests_are_collected_each_by_host_and_check(fleet: FakeFleet) -> None:
    listed = fleet.pytest(BOTH, "--collect-only", "--quiet").stdout.splitlines()
    tests = [line for line in listed if "::" in line]
    assert tests == [
        f"tests/hosts/test_hosts.py::test_host[{check.id}-ssh://{host}]" for host in ("cp1", "w1") for check in checks()
    ]
    assert fleet.calls == []


def test_several_processes_would_ask_each_host_several_times(fleet: FakeFleet) -> None:
    ran = fleet.pytest(BOTH, "-n2")
    assert (ran.returncode, fleet.calls) == (4, [])
    assert "leave out -n" in ran.stderr


def test_what_ends_within_a_month_passes_and_is_said(fleet: FakeFleet) -> None:
    raw = green("cp1")
    ends("certificates", APISERVER, 12)(raw)
    fleet.host("cp1", raw)
    ran = fleet.pytest(BOTH, "--color=no")
    assert ran.returncode == 0, ran.stdout
    assert counts(ran.stdout)["not for long"] == 1
    text = ran.stdout.partition("= NOT FOR LONG =")[2]
    assert "_ test_host[lifetimes.kubeadms_certificates_last-ssh://cp1] _" in text
    assert f"found        {APISERVER}: 12.0 days left\n" in text


def test_a_fact_that_does_not_hold_says_what_why_and_what_to_do(fleet: FakeFleet) -> None:
    raw = green("cp1")
    data("rules", lambda told: told.pop(1))(raw)
    fleet.host("cp1", raw)
    ran = fleet.pytest(BOTH, "--color=no")
    assert ran.returncode == 1
    text = ran.stdout.partition("= FAILURES =")[2]
    wanted = (
        r"_ test_host\[mesh_guards\.the_mesh_rule_comes_before_tailscales_own-ssh://cp1\] _+\n"
        r"expected     5207: to 100\.64\.0\.0/10 lookup 52\n"
        r"found        no rule to 100\.64\.0\.0/10\n"
        r"because      Cilium marks packets with pod identities; .*\n(?: {13}.*\n)*"
        r"to do        sudo bash /opt/meshstrap/bootstrap\.sh --only mesh_guards\n"
    )
    assert re.search(wanted, text), text
    assert text.count("\nexpected  ") == 1


def test_a_question_without_an_answer_is_neither_passed_nor_failed(fleet: FakeFleet) -> None:
    raw = green("cp1")
    raw["commands"]["rules"] = {"code": 127, "out": "", "err": "bash: ip: command not found"}
    fleet.host("cp1", raw)
    ran = fleet.pytest("--hosts=ssh://cp1", "--color=no")
    assert ran.returncode == NotAllAsked.exit_code
    assert counts(ran.stdout)["cannot tell"] == 2
    assert "failed" not in counts(ran.stdout)
    assert "cannot tell  rules: exit 127: bash: ip: command not found\n" in ran.stdout


def test_a_host_that_gives_no_answers_is_one_question_without_one_and_the_others_are_verified(fleet: FakeFleet) -> None:
    (fleet.folder / "w1.json").unlink()
    ran = fleet.pytest(BOTH, "--color=no")
    found = counts(ran.stdout)
    assert (ran.returncode, found["cannot tell"], "failed" in found) == (NotAllAsked.exit_code, 1, False)
    assert "ssh: connect to host w1 port 22: Connection timed out" in ran.stdout
    assert found["passed"] > 80


def test_what_differs_outweighs_what_could_not_be_asked(fleet: FakeFleet) -> None:
    raw = green("cp1")
    data("rules", lambda told: told.pop(1))(raw)
    fleet.host("cp1", raw)
    (fleet.folder / "w1.json").unlink()
    assert fleet.pytest(BOTH).returncode == 1


def test_a_host_that_is_no_node_fails_with_the_known_names(fleet: FakeFleet) -> None:
    raw = green("cp1")
    raw["commands"]["hostname"]["out"] = "instance-7\n"
    fleet.host("203.0.113.7", raw)
    ran = fleet.pytest("--hosts=ssh://203.0.113.7", "--color=no")
    assert (ran.returncode, counts(ran.stdout)["failed"]) == (1, 1)
    assert "expected     a node of the plan: cp1, w1\n" in ran.stdout
    assert "found        the host 203.0.113.7, which calls itself instance-7\n" in ran.stdout


def test_a_host_is_found_by_the_hostname_that_it_reports(fleet: FakeFleet) -> None:
    fleet.host("203.0.113.7", green("w1"))
    ran = fleet.pytest("--hosts=203.0.113.7")
    assert ran.returncode == 0, ran.stdout
    assert "no step control_plane on w1" in ran.stdout


def test_an_inventory_with_problems_is_a_message_and_no_trace(fleet: FakeFleet) -> None:
    (fleet.folder / "cluster.yaml").write_text("cluster: {nam: x}\n")
    ran = fleet.pytest(BOTH)
    assert ran.returncode == 4
    assert "unknown key; did you mean 'name'?" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert fleet.calls == []


def test_without_hosts_nothing_is_asked_and_one_line_says_how(fleet: FakeFleet, tmp_path: Path) -> None:
    ran = fleet.run("pytest", "tests/hosts", "--color=no")
    lines = [line for line in ran.stdout.splitlines() if line.startswith("SKIPPED")]
    assert (ran.returncode, len(lines)) == (0, 1)
    assert "pytest --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1" in lines[0]
    for words in ("--hosts", "--hosts=", "--hosts=,"):
        ran = fleet.run("pytest", "tests/hosts", "--color=no", words)
        assert (ran.returncode, "--hosts" in ran.stderr, "passed" in ran.stdout) == (4, True, False)
    assert fleet.calls == []


def test_the_command_of_the_page_is_one_that_works(fleet: FakeFleet) -> None:
    program, *words = pytest_command(plan()).split()
    assert program == ".venv/bin/pytest"
    ran = fleet.pytest(*words)
    assert ran.returncode == 0, ran.stdout
    assert sorted(call.split()[0] for call in fleet.calls) == ["cp1", "w1"]


def test_a_choice_of_tests_never_passes_on_a_host_that_cannot_be_asked(fleet: FakeFleet) -> None:
    (fleet.folder / "w1.json").unlink()
    ran = fleet.pytest("--hosts=ssh://w1", "-k", "containerd", "--color=no")
    assert (ran.returncode, counts(ran.stdout)["cannot tell"]) == (NotAllAsked.exit_code, 6)
    assert "cannot tell  gives no answers: ssh: " in ran.stdout
    assert "bootstrap.sh --only containerd" not in ran.stdout, "the host is out of reach, and not its containerd"


def test_what_a_host_says_does_not_reach_the_terminal_as_it_is(fleet: FakeFleet) -> None:
    raw = green("cp1")
    put("/etc/hostname", "\x1b[2Jgone\n")(raw)
    fleet.host("cp1", raw)
    ran = fleet.pytest("--hosts=ssh://cp1", "--color=no")
    assert "\x1b" not in ran.stdout
    assert "/etc/hostname says ?[2Jgone" in ran.stdout
