"""docs/evidence.md has the form of what was kept, and a run that shows something else is told apart."""

from __future__ import annotations

import re

import pytest

from tests.cluster.evidence import PAGE, SHOWN, Shown, differences, gather, page, read_shown

NOTHING: frozenset[tuple[str, str]] = frozenset()
STORY = "tests/cluster/test_story.py::test_every_node_is_ready"
PAIRS = [f"tests/cluster/test_network.py::test_a_pod_reaches_a_pod[{pair}]" for pair in ("a-b", "b-a")]
RECORDED = {"programs": {"kubelet": "1.36.3-1.1"}, "machine": {"Linux": "6.18"}, "timeline": ["cp1: power at 60 s"]}


def shown() -> Shown:
    return gather([STORY, *PAIRS], RECORDED)


@pytest.mark.skipif(not SHOWN.exists(), reason="no whole run has been kept yet")
def test_the_page_is_what_was_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_shown())


def test_it_says_what_ran_and_what_was_shown_by_topic_with_counts() -> None:
    text = page(shown())
    assert "| kubelet | 1.36.3-1.1 |" in text
    assert "2 sentences, 3 cases." in text
    assert "### Network\n\n- a pod reaches a pod (2 cases)\n" in text
    assert "### Story\n\n- every node is ready\n" in text


def test_seconds_are_in_one_marked_block_only() -> None:
    text = page(shown())
    block = re.findall(r"<!-- timeline -->\n(.*?)<!-- /timeline -->", text, re.DOTALL)
    assert block == ["```text\ncp1: power at 60 s\n```\n"]
    assert not re.search(r"\d s\b", text.replace(block[0], ""))


def test_what_could_not_be_shown_is_said_in_words() -> None:
    for word in ("arm64", "Oracle Linux", "Oracle's real network", "Tailscale's own server", "cgroup v2", "IPv6"):
        assert word in page(Shown())


def test_the_same_run_on_another_machine_differs_in_nothing() -> None:
    again = gather([*PAIRS, STORY], RECORDED | {"machine": {"Linux": "7.0"}, "timeline": ["cp1: power at 61 s"]})
    assert list(differences(shown(), again, NOTHING)) == []


def test_a_missing_sentence_a_new_one_and_another_version_are_told() -> None:
    other = gather([PAIRS[0], f"{STORY}_soon"], RECORDED | {"programs": {"kubelet": "1.36.9-1.1"}})
    assert list(differences(shown(), other, NOTHING)) == [
        "network: a pod reaches a pod: 2 cases on the page, 1 in this run",
        "story: every node is ready: 1 cases on the page, 0 in this run",
        "story: every node is ready soon: 0 cases on the page, 1 in this run",
        "kubelet: 1.36.3-1.1 on the page, 1.36.9-1.1 in this run",
    ]


def test_what_a_run_leaves_to_another_is_not_missing() -> None:
    left_out = frozenset({("story", "every node is ready")})
    assert list(differences(shown(), gather(PAIRS, RECORDED), left_out)) == []
