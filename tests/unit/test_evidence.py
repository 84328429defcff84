"""docs/evidence.md has the form of what was kept, knows every test of the cluster, and grows part by part."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.arm64.joining import ROUTING
from tests.cluster.evidence import PAGE, Case, Proof, Shown, gather, keep, merged, page, read_shown, with_all
from tests.lab.parts import CLUSTER, ROUTED_CLUSTER

STORY = Case("tests/cluster/test_story.py::test_every_node_is_ready")
PAIRS = [Case(f"tests/cluster/test_network.py::test_a_pod_reaches_a_pod[{pair}]") for pair in ("a-b", "b-a")]
FAULT = Case("tests/cluster/test_faults_power.py::test_a_node_was_off[cp1-/etc/x]")
ROUTED = Case(FAULT.nodeid, "tailnet")
RECORDED = {"programs": {"kubelet": "1.36.3-1.1"}, "machine": {"Linux": "6.18"}, "timeline": ["cp1: power at 60 s"]}

TODAY = datetime.now(UTC).date().isoformat()
ROOT = Path(__file__).parents[2]


def shown() -> Shown:
    return gather([STORY, *PAIRS, FAULT], RECORDED, {FAULT: "outage 24.1 s"})


def collected(place: str) -> list[str]:
    words = ["--collect-only", "--quiet", "--all", "-p", "no:cacheprovider", place]
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [line for line in asked.stdout.splitlines() if "::" in line]


def test_the_page_is_what_was_kept_and_knows_every_test_of_the_cluster(update_golden: bool) -> None:
    divisions = (CLUSTER, ROUTED_CLUSTER)
    names = collected("tests/cluster")
    cases = [Case(name, one.routing) for one in divisions for name in names if one.has(name)]
    cases += [Case(name, ROUTING) for name in collected("tests/arm64/test_arm64_worker_joins.py")]
    now = with_all(read_shown(), cases)
    if update_golden:
        keep(now)
    assert list(read_shown().proofs) == list(now.proofs), "nox -s update-golden lists them"
    assert PAGE.read_text(encoding="utf-8") == page(read_shown())


def test_it_says_what_ran_and_what_was_shown_by_topic_with_counts() -> None:
    text = page(shown())
    assert "| kubelet | 1.36.3-1.1 |" in text
    assert "3 of 3 sentences, 4 of 4 cases." in text
    assert f"### Network\n\n- a pod reaches a pod (2 cases, {TODAY})\n" in text
    assert f"### Story\n\n- every node is ready ({TODAY})\n" in text


def test_seconds_are_in_marked_blocks_only() -> None:
    text = page(shown())
    blocks = re.findall(r"<!-- (?:timeline|outages) -->\n(.*?)<!-- /(?:timeline|outages) -->", text, re.DOTALL)
    assert blocks == [
        "| fault | outage |\n| --- | --- |\n| a node was off[cp1-/etc/x] | outage 24.1 s |\n",
        "```text\ncp1: power at 60 s\n```\n",
    ]
    assert not re.search(r"\d s\b", text.replace(blocks[0], "").replace(blocks[1], ""))


def test_a_run_that_shows_a_part_adds_to_the_page_under_its_own_day() -> None:
    before = with_all(shown(), [STORY, *PAIRS, FAULT, ROUTED])
    kept = merged(before, Shown(before.programs))
    kept.proofs[STORY.key] = Proof("2026-11-01")
    now = merged(kept, gather([PAIRS[0], ROUTED], RECORDED, {ROUTED: "outage 9.9 s"}))
    assert now.proofs[STORY.key].day == "2026-11-01"
    assert now.proofs[ROUTED.key].day == TODAY
    assert "| a node was off[cp1-/etc/x], with tailnet routing | outage 9.9 s |" in page(now)


def test_what_no_run_has_shown_is_listed_as_not_yet_shown() -> None:
    text = page(with_all(gather([PAIRS[0]], RECORDED, {}), [STORY, *PAIRS, ROUTED]))
    assert f"- a pod reaches a pod (1 of 2 cases, {TODAY})" in text
    left = text.partition("## What is not yet shown")[2].partition("\n## ")[0]
    assert "### Faults power, with tailnet routing\n\n- a node was off\n" in left
    assert "### Story\n\n- every node is ready\n" in left
    assert "a pod reaches a pod" not in left


def test_with_other_versions_everything_is_to_be_shown_anew() -> None:
    now = merged(shown(), gather([STORY], RECORDED | {"programs": {"kubelet": "1.37.0-1.1"}}, {}))
    assert {key for key, proof in now.proofs.items() if proof.day} == {STORY.key}
    assert now.proofs.keys() == shown().proofs.keys()


def test_what_the_distribution_publishes_moves_by_itself() -> None:
    with_debian = gather([STORY], {"programs": {"Debian": "13.8", "systemd": "257.13-1"}}, {})
    later = merged(with_debian, gather([PAIRS[0]], {"programs": {"Debian": "13.9", "systemd": "257.14-1"}}, {}))
    assert all(proof.day for proof in later.proofs.values())


def test_what_could_not_be_shown_is_said_in_words() -> None:
    for word in ("arm64", "Oracle Linux", "Oracle's real network", "Tailscale's own server", "cgroup v2", "IPv6"):
        assert word in page(Shown())
