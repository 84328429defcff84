"""Each check can fail: one fact broken, exactly that check fails, and says what it found. Nothing unknown is a no."""

from __future__ import annotations

from typing import Any

import pytest

from meshstrap.verify.catalogue import checks
from meshstrap.verify.verdict import Outcome, Verdict
from tests.cluster.verify_faults import FAULTS as CLUSTER
from tests.cluster.verify_whole import WHOLE as BROKEN
from tests.lab.verify_faults import FAULTS as LAB
from tests.unit.hosts.evaluate import evaluate
from tests.unit.hosts.faults import Fault, status
from tests.unit.hosts.green import arrival, green
from tests.unit.hosts.of_steps import faults
from tests.unit.hosts.table_lifetimes import FAULTS as LIFETIMES
from tests.unit.hosts.table_own import FAULTS as OWN
from tests.unit.hosts.table_whole import FAULTS as WHOLE

FAULTS = (*OWN, *LIFETIMES, *faults(), *WHOLE)
# These say by themselves what is wrong with a whole host, and have tests of their own below.
OF_THE_HOST = {
    "machine.the_machine_answers",
    "machine.the_machine_is_a_node_of_the_plan",
    "converged.the_node_has_converged",
    # Of another way between nodes than the one of these hosts: tests/steps/pod_routes/test_checks.py.
    "tailnet.the_nodes_pods_are_a_route_of_the_tailnet",
    "tailnet.every_other_nodes_pods_are_reached_through_the_tailnet",
    "tailnet.no_other_route_of_the_tailnet_is_used",
}
NAMES = ("cp1", "w1")


def bad(name: str, raw: dict[str, Any]) -> dict[str, Verdict]:
    return {check: verdict for check, verdict in evaluate(arrival(name, raw)).items() if verdict.is_told}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_exactly_that_check_fails_and_says_what_it_found(fault: Fault) -> None:
    raw = green(fault.host)
    fault.change(raw)
    found = bad(fault.host, raw)
    assert list(found) == [fault.check]
    verdict = found[fault.check]
    assert (verdict.outcome, fault.found in verdict.found) == (fault.outcome, True), verdict.found
    assert verdict.expected
    assert verdict.why
    assert verdict.fix


def test_every_check_has_a_fault() -> None:
    assert {check.id for check in checks(whole=True)} - {fault.check for fault in FAULTS} == OF_THE_HOST


def test_the_faults_of_the_labs_name_checks_that_there_are() -> None:
    known = {check.id for check in checks(whole=True)}
    for fault in (*LAB, *CLUSTER):
        assert fault.seen_by <= known
    for whole in BROKEN:
        assert set(whole.seen_by) <= known


@pytest.mark.parametrize("name", NAMES)
def test_a_command_that_cannot_be_run_is_never_a_no(name: str) -> None:
    seen = set()
    for command in green(name)["commands"]:
        raw = green(name)
        raw["commands"][command] = {"code": 127, "out": "", "err": f"bash: {command}: command not found"}
        found = bad(name, raw)
        assert {check for check, verdict in found.items() if verdict.outcome is not Outcome.UNKNOWN} == set(), command
        assert all("exit 127" in verdict.found for verdict in found.values()), command
        seen |= set(found)
    assert len(seen) > 50


@pytest.mark.parametrize("kind", ["texts", "modes", "places"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_read_is_never_a_no(name: str, kind: str) -> None:
    for path in green(name)[kind]:
        raw = green(name)
        raw[kind][path] = {"error": "Permission denied"}
        found = bad(name, raw)
        assert {check for check, verdict in found.items() if verdict.outcome is not Outcome.UNKNOWN} == set(), path


@pytest.mark.parametrize(
    "command", [name for name, told in green("cp1")["commands"].items() if told["out"].startswith(("{", "[{"))]
)
def test_an_answer_that_is_no_json_is_never_a_no(command: str) -> None:
    raw = green("cp1")
    raw["commands"][command]["out"] = "{"
    assert {verdict.outcome for verdict in bad("cp1", raw).values()} == {Outcome.UNKNOWN}


def test_a_node_on_its_way_says_so_first_and_only_once() -> None:
    raw = green("cp1")
    raw["commands"]["tailnet"] = {"code": 0, "out": '{"BackendState": "NeedsLogin"}', "err": ""}
    status(state="waiting", step="tailnet", message="no auth key", next="open https://login.example.net/1")(raw)
    pending = raw["texts"]["/var/lib/meshstrap/status.json"]
    before, _, after = pending["text"].partition('"name": "tailnet"')
    pending["text"] = (
        f'{before}"name": "tailnet"{after.replace(chr(34) + "ok" + chr(34), chr(34) + "pending" + chr(34))}'
    )
    verdicts = evaluate(arrival("cp1", raw))
    assert [verdict.found for verdict in verdicts.values() if verdict.is_bad] == [
        "waiting at tailnet: no auth key; what to do: open https://login.example.net/1"
    ]
    skipped = [verdict for verdict in verdicts.values() if verdict.found.startswith("not yet: waiting at tailnet")]
    assert {verdict.topic for verdict in skipped} == {
        "tailnet",
        "mesh_guards",
        "kubelet",
        "control_plane",
        "cilium",
        "lifetimes",
        "secrets",
        "converged",
        "cluster",
    }


def test_a_machine_on_which_no_run_has_begun_says_so_first() -> None:
    raw = green("w1")
    del raw["texts"]["/var/lib/meshstrap/status.json"]
    found = bad("w1", raw)
    assert [verdict.found for verdict in found.values()] == [
        "no run has begun on this machine: was it created with its user-data? journalctl -u cloud-init"
    ]


def test_what_the_inventory_waives_is_not_asked() -> None:
    host = arrival("cp1", green("cp1"))
    assert host.node
    waived = host.node.__class__(**{**vars(host.node), "waived_machine_checks": ("clock",)})
    verdict = evaluate(host.__class__(**{**vars(host), "node": waived}))["machine.the_clock_is_synchronised"]
    assert (verdict.outcome, verdict.found) == (Outcome.SKIPPED, "waived in the inventory: waive_machine: [clock]")
