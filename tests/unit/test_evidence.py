"""docs/evidence.md has the form of what was kept, and a run that shows something else is told apart."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tests.cluster.evidence import PAGE, Shown, differences, gather, merged, page, read_shown, without

NOTHING: frozenset[tuple[str, str]] = frozenset()
STORY = "tests/cluster/test_story.py::test_every_node_is_ready"
PAIRS = [f"tests/cluster/test_network.py::test_a_pod_reaches_a_pod[{pair}]" for pair in ("a-b", "b-a")]
RECORDED = {"programs": {"kubelet": "1.36.3-1.1"}, "machine": {"Linux": "6.18"}, "timeline": ["cp1: power at 60 s"]}

OUTAGE = {"a node was off[cp1]": "outage 24.1 s"}
TODAY = datetime.now(UTC).date().isoformat()


def shown() -> Shown:
    return gather([STORY, *PAIRS], RECORDED, OUTAGE)


def test_the_page_is_what_was_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_shown())


def test_it_says_what_ran_and_what_was_shown_by_topic_with_counts() -> None:
    text = page(shown())
    assert "| kubelet | 1.36.3-1.1 |" in text
    assert "2 sentences, 3 cases." in text
    assert f"### Network\n\n- a pod reaches a pod (2 cases, {TODAY})\n" in text
    assert f"### Story\n\n- every node is ready ({TODAY})\n" in text


def test_seconds_are_in_marked_blocks_only() -> None:
    text = page(shown())
    blocks = re.findall(r"<!-- (?:timeline|outages) -->\n(.*?)<!-- /(?:timeline|outages) -->", text, re.DOTALL)
    assert blocks == [
        "| fault | outage |\n| --- | --- |\n| a node was off[cp1] | outage 24.1 s |\n",
        "```text\ncp1: power at 60 s\n```\n",
    ]
    assert not re.search(r"\d s\b", text.replace(blocks[0], "").replace(blocks[1], ""))


def test_a_run_that_shows_a_part_adds_to_the_page_under_its_own_day() -> None:
    kept = shown()
    kept.days["story"]["every node is ready"] = "2026-11-01"
    now = merged(kept, gather(PAIRS[:1], {}, {"a node was off[w1]": "outage 9.9 s"}))
    assert now.programs == kept.programs
    assert now.timeline == kept.timeline
    assert now.sentences == {"network": {"a pod reaches a pod": 1}, "story": {"every node is ready": 1}}
    assert now.days["story"]["every node is ready"] == "2026-11-01"
    assert now.days["network"]["a pod reaches a pod"] == TODAY
    assert len(now.outages) == 2


def test_other_versions_begin_an_empty_page() -> None:
    now = gather([STORY], RECORDED | {"programs": {"kubelet": "1.37.0-1.1"}}, {})
    assert merged(shown(), now) == now


def test_a_sentence_of_which_cases_were_left_out_is_not_counted_anew() -> None:
    now = without(gather([STORY, PAIRS[0]], RECORDED, {}), frozenset({("network", "a pod reaches a pod")}))
    assert now.sentences == {"story": {"every node is ready": 1}}
    assert merged(shown(), now).sentences == shown().sentences


def test_what_could_not_be_shown_is_said_in_words() -> None:
    for word in ("arm64", "Oracle Linux", "Oracle's real network", "Tailscale's own server", "cgroup v2", "IPv6"):
        assert word in page(Shown())


def test_the_same_run_on_another_machine_differs_in_nothing() -> None:
    again = gather([*PAIRS, STORY], RECORDED | {"machine": {"Linux": "7.0"}, "timeline": ["cp1: power at 61 s"]}, {})
    assert list(differences(shown(), again, NOTHING)) == []


def test_a_missing_sentence_and_another_version_are_told() -> None:
    other = gather([PAIRS[0], f"{STORY}_soon"], RECORDED | {"programs": {"kubelet": "1.36.9-1.1"}}, {})
    assert list(differences(shown(), other, NOTHING)) == [
        "network: a pod reaches a pod: 2 cases on the page, 1 in this run",
        "story: every node is ready: 1 cases on the page, 0 in this run",
        "kubelet: 1.36.3-1.1 on the page, 1.36.9-1.1 in this run",
    ]


def test_a_page_may_say_less_than_a_run_shows() -> None:
    assert list(differences(gather(PAIRS, RECORDED, {}), shown(), NOTHING)) == []


def test_what_the_distribution_publishes_moves_by_itself() -> None:
    with_debian = gather([STORY], {"programs": {"Debian": "13.8", "systemd": "257.13-1"}}, {})
    later = gather([STORY], {"programs": {"Debian": "13.9", "systemd": "257.14-1"}}, {})
    assert list(differences(with_debian, later, NOTHING)) == []


def test_what_a_run_leaves_to_another_is_not_missing() -> None:
    left_out = frozenset({("story", "every node is ready")})
    assert list(differences(shown(), gather(PAIRS, RECORDED, {}), left_out)) == []
