"""`invoke verify` as people run it, with an ssh that reaches nobody: table, findings, reports, exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from subprocess import PIPE, CompletedProcess, Popen

import pytest

from meshstrap.errors import NotAllAsked
from meshstrap.verify.catalogue import checks
from tests.processes import ended
from tests.schemas import hold
from tests.unit.hosts.conftest import ROOT, FakeFleet
from tests.unit.hosts.faults import data
from tests.unit.hosts.green import green
from tests.unit.hosts.table_lifetimes import APISERVER, ends

BECAUSE = (
    "Cilium marks packets with pod identities; 1 in 256 reads as Tailscale's and would leave the tailnet "
    "(https://github.com/cilium/cilium/issues/36104)"
)


def verify(fleet: FakeFleet, *words: str) -> CompletedProcess[str]:
    """What is printed behind the line that names the inventory."""
    inventory = fleet.folder / "cluster.yaml"
    ran = fleet.run("invoke", "verify", f"--inventory={inventory}", *words)
    head = "" if "--json" in words else f"Inventory: {inventory}\n\n"
    assert ran.stdout.startswith(head)
    return CompletedProcess(ran.args, ran.returncode, ran.stdout.removeprefix(head), ran.stderr)


def without_the_rule(fleet: FakeFleet) -> None:
    raw = green("cp1")
    data("rules", lambda told: told.pop(1))(raw)
    raw["commands"]["kernel"] = {"code": -1, "out": "", "err": "no answer within 20 s"}
    fleet.host("cp1", raw)


def test_a_fleet_that_is_as_planned(fleet: FakeFleet) -> None:
    ran = verify(fleet)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    head = (
        "host  machine  storage  firewall  packages  containerd  mesh guards  tailnet  kubelet  control plane  cilium  "
    )
    assert lines[0] == head + "lifetimes  secrets  converged"
    assert lines[2].split() == ["cp1", *["ok"] * 13]
    assert lines[3].split() == ["w1", *["ok"] * 8, "-", *["ok"] * 4]
    assert lines[-1].startswith("2 hosts: ")
    assert lines[-1].endswith(" facts hold, 0 do not, 0 could not be asked. All as planned.")
    assert sorted(call.split()[0] for call in fleet.calls) == ["cp1", "w1"]


def test_what_is_not_as_planned_is_said_in_full(fleet: FakeFleet) -> None:
    without_the_rule(fleet)
    ran = verify(fleet)
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert lines[2].split()[:11] == ["cp1", "?", "2", "ok", "ok", "ok", "ok", "✗", "1", "ok", "ok"]
    start = lines.index("cp1 · mesh_guards · The mesh rule comes before Tailscale's own")
    assert lines[start + 1 : start + 5] == [
        "  expected    5207: to 100.64.0.0/10 lookup 52",
        "  found       no rule to 100.64.0.0/10",
        f"  because     {BECAUSE}",
        "  what to do  sudo bash /opt/meshstrap/bootstrap.sh --only mesh_guards",
    ]
    assert "  cannot tell kernel: stopped: no answer within 20 s" in lines
    assert lines[-1].endswith("1 do not, 2 could not be asked. Not as planned.")


def test_a_host_that_gives_no_answers_is_one_line_above_the_table(fleet: FakeFleet) -> None:
    (fleet.folder / "w1.json").unlink()
    ran = verify(fleet)
    assert (ran.returncode, ran.stderr) == (NotAllAsked.exit_code, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("w1: ssh: connect to host w1 port 22: Connection timed out (is it created and booted")
    assert lines[1] == ""
    assert sum("w1" in line for line in lines) == 2
    assert next(line for line in lines if line.startswith("cp1")).split() == ["cp1", *["ok"] * 13]
    assert next(line for line in lines if line.startswith("w1 ")).split() == ["w1", "?", "1", *["-"] * 12]
    assert lines[-1].endswith(" 0 do not, 1 could not be asked. Not all could be asked.")


def test_what_ends_within_a_month_is_yellow_and_fails_nothing(fleet: FakeFleet, tmp_path: Path) -> None:
    raw = green("cp1")
    ends("certificates", APISERVER, 12)(raw)
    fleet.host("cp1", raw)
    ran = verify(fleet, f"--report={tmp_path}")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[2].split() == ["cp1", *["ok"] * 10, "!", "1", "ok", "ok"]
    start = lines.index("cp1 · lifetimes · The control plane's certificates last")
    assert lines[start + 1 : start + 3] == [
        "  expected    good for 30 days or more",
        f"  found       {APISERVER}: 12.0 days left",
    ]
    assert lines[-1].endswith(" 0 do not, 0 could not be asked, 1 not for long. All as planned.")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<article id="cp1-lifetimes" class="warns">' in page
    assert '<td class="warns"><a href="#cp1-lifetimes">! 1</a></td>' in page
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")  # noqa: S314 - written by the line above
    (case,) = [case for case in cases if case.find("system-out") is not None]
    assert [child.tag for child in case] == ["system-out"]
    told = json.loads(verify(fleet, "--json").stdout)
    assert (told["as_planned"], told["summary"]["warns"], told["summary"]["differs"]) == (True, 1, 0)


def test_what_differs_comes_before_what_could_not_be_asked(fleet: FakeFleet) -> None:
    without_the_rule(fleet)
    (fleet.folder / "w1.json").unlink()
    assert verify(fleet).returncode == 1


@pytest.mark.parametrize("said", ["[1, 2]", '{"texts": {}, "mod', '{"texts": 3}', "Hello!", "\x1b[2J\x00"])
def test_a_host_that_answers_nonsense_is_one_line_above_the_table(fleet: FakeFleet, said: str) -> None:
    (fleet.folder / "w1.json").write_text(said)
    ran = verify(fleet)
    assert (ran.returncode, ran.stderr) == (NotAllAsked.exit_code, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("w1: ")
    assert lines[1] == ""
    assert sum("w1" in line for line in lines) == 2
    assert lines[-1].endswith(" 0 do not, 1 could not be asked. Not all could be asked.")


def test_whoever_ends_it_gets_no_trace_and_every_connection_goes_with_it(fleet: FakeFleet) -> None:
    ssh = fleet.folder / "bin" / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ >{fleet.folder}/pid.$$\nexec sleep 300\n")
    environment = {**os.environ, "PATH": f"{fleet.folder / 'bin'}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "invoke", "verify", f"--inventory={fleet.folder / 'cluster.yaml'}"]
    with ended(Popen(command, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE, text=True)) as process:
        while len(list(fleet.folder.glob("pid.*"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, "Traceback" in out + err) == (130, False), out + err
    for path in fleet.folder.glob("pid.*"):
        state = Path(f"/proc/{path.suffix[1:]}/stat")
        while state.exists() and state.read_text().split()[2] != "Z":
            time.sleep(0.05)


def test_one_node_alone(fleet: FakeFleet) -> None:
    assert verify(fleet, "--node=w1").returncode == 0
    assert [call.split()[0] for call in fleet.calls] == ["w1"]
    ran = verify(fleet, "--node=w9")
    assert ran.returncode not in {0, 1}
    assert "w9" in ran.stderr
    assert "cp1, w1" in ran.stderr


def test_programs_get_json_and_nothing_else(fleet: FakeFleet) -> None:
    without_the_rule(fleet)
    ran = verify(fleet, "--json")
    told = json.loads(ran.stdout)
    hold("verify", ran.stdout)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert (told["cluster"], told["as_planned"], told["hosts"]) == ("home", False, ["cp1", "w1"])
    assert sum(told["summary"].values()) == len(told["verdicts"]) == 2 * len(checks())
    (one,) = [verdict for verdict in told["verdicts"] if verdict["outcome"] == "differs"]
    assert one["check"] == "mesh_guards.the_mesh_rule_comes_before_tailscales_own"
    assert {"host", "node", "topic", "expected", "found", "why", "source", "symptom", "fix"} <= set(one)


def test_the_whole_cluster_is_asked_only_when_it_is_wanted(fleet: FakeFleet) -> None:
    plain = verify(fleet)
    assert "cluster" not in plain.stdout.splitlines()[0]
    assert len(fleet.calls) == 2
    ran = verify(fleet, "--cluster", "--image=registry.example.net/probe:1")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].endswith("converged  cluster")
    assert lines[2].split() == ["cp1", *["ok"] * 14]
    start = lines.index("w1 · cluster · Every other node answers through the tailnet")
    assert lines[start + 1] == "  w1 to cp1 direct, 198.51.100.7:41641, 2ms"
    assert "  cp1 to w1 8 MiB/s" in lines
    assert len(fleet.calls) == 5, "each host, and the control plane once more"
    refused = verify(fleet, "--cluster", "--node=w1")
    assert refused.returncode == 13
    assert "add --node=cp1" in refused.stderr


def test_the_report_is_one_page_and_junit_xml(fleet: FakeFleet, tmp_path: Path) -> None:
    without_the_rule(fleet)
    raw = green("w1")
    raw["commands"]["hostname"]["out"] = "<script>alert(1)</script>\n"
    fleet.host("w1", raw)
    folder = tmp_path / "a" / "report"
    assert verify(fleet, f"--report={folder}").returncode == 1
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not [word for word in ("src=", "<link", "@import", "url(") if word in page], "one file, and no request"
    for verdict in ("The mesh rule comes before Tailscale&#39;s own", "no rule to 100.64.0.0/10", "could not be asked"):
        assert verdict in page
    suites = ET.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own file
    assert [suite.get("name") for suite in suites] == ["cp1", "w1"]
    assert [suites[0].get(name) for name in ("tests", "failures", "errors")] == [str(len(checks())), "1", "2"]
    (failure,) = suites[0].findall("./testcase/failure")
    assert failure.get("message") == "no rule to 100.64.0.0/10"
    assert "what to do: sudo bash" in (failure.text or "")


def test_a_report_that_cannot_be_written_is_said_before_anybody_is_asked(fleet: FakeFleet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = verify(fleet, f"--report={tmp_path / 'file'}")
    assert ran.returncode == 9
    assert "nothing was written" in ran.stderr
    assert fleet.calls == []


def test_ones_own_ssh_configuration_goes_over_what_the_inventory_says(fleet: FakeFleet, tmp_path: Path) -> None:
    own = tmp_path / "my config"
    own.write_text("Host nobody\n  Port 2222\n")
    inventory = fleet.folder / "cluster.yaml"
    inventory.write_text(inventory.read_text().replace("{name: w1, ", "{name: w1, address: 203.0.113.7, "))
    kept = tmp_path / "kept"
    ssh = fleet.folder / "bin" / "ssh"
    ssh.write_text(
        ssh.read_text().replace(
            "found = folder",
            f'import shutil\nshutil.copy(sys.argv[sys.argv.index("-F") + 1], {str(kept)!r})\nfound = folder',
        )
    )
    assert verify(fleet, f"--ssh-config={own}", "--node=w1").returncode == 0
    lines = [line.strip() for line in kept.read_text().splitlines()]
    assert lines.index(f'Include "{own}"') < lines.index("HostName 203.0.113.7")
    assert "User opc" in lines
    ran = verify(fleet, "--ssh-config=/none/such")
    assert (ran.returncode > 1, "/none/such" in ran.stderr) == (True, True)
