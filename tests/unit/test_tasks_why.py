"""`invoke explain` and `invoke compat` as people run them, and what a render says of collisions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshstrap.decisions import topics
from tests.unit.test_tasks import MINE, Invoke, invoke

__all__ = ["invoke"]  # the fixture

ENGLISH, KOREAN = {"LANG": "en_US.UTF-8"}, {"LANG": "ko_KR.UTF-8"}
UNSET = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": ""}


def test_explain_walks_the_way_of_the_example(invoke: Invoke) -> None:
    result = invoke("explain", environment={**UNSET, **ENGLISH})
    assert (result.code, result.err) == (0, "")
    assert "There is no cluster.yaml yet: this is cluster.example.yaml" in result.out
    assert "1. Do all nodes share one network?" in result.out
    assert "3 of 3 pairs of nodes lie in different accounts" in result.out


def test_explain_takes_the_persons_own_inventory(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE)
    result = invoke("explain", "routing", "--lang", "en")
    assert "Here: mine, 2 nodes" in result.out
    assert "each of 2 nodes needs 1 route, 2 in all" in result.out
    (tmp_path / "other.yaml").write_text(MINE.replace("mine", "other"))
    assert "Here: other, 2 nodes" in invoke("explain", "-i", "other.yaml", "--lang", "en", "routing").out


@pytest.mark.parametrize("topic", topics())
def test_every_topic_is_explained_in_both_languages(invoke: Invoke, topic: str) -> None:
    assert "What would change our mind" in invoke("explain", topic, "--lang", "en").out
    assert "다시 생각하게 될 조건" in invoke("explain", topic, "--lang", "ko").out


def test_the_locale_chooses_the_language_and_the_flag_wins(invoke: Invoke) -> None:
    assert "homelab: 이렇게 만들어진 이유" in invoke("explain", environment={**UNSET, **KOREAN}).out
    assert "Why homelab is built" in invoke("explain", "--lang", "en", environment={**UNSET, **KOREAN}).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain", "vxlna"], "'vxlna' is no topic; did you mean 'vxlan'?"),
        (["explain", "nothing-like-it"], "'nothing-like-it' is no topic. Known are: accept-dns, devices,"),
        (["explain", "--lang", "de"], "'de' is no language. Known are: en, ko"),
        (["compat", "helm3"], "'helm3' is no known collision; did you mean 'helm-3'?"),
    ],
)
def test_an_unknown_name_is_a_message_and_a_code(invoke: Invoke, words: list[str], message: str) -> None:
    result = invoke(*words)
    assert result.code == 10
    assert message in result.err
    assert "Traceback" not in result.out + result.err


def test_an_inventory_that_asks_for_another_way_gets_the_reason_and_can_read_on(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE + "cilium: {routing: native}\n")
    for task in ("render", "plan", "compat"):
        refused = invoke(task)
        assert refused.code == 4
        assert "cluster.yaml:6:19: cilium.routing: 'native' is refused. Native routing" in refused.err
        assert "each of 2 nodes needs 1 route, 2 in all" in refused.err
        assert "`invoke explain routing` says more" in refused.err
    explained = invoke("explain", "routing", "--lang", "en")
    assert explained.code == 0
    assert "cluster.yaml has 1 problem; `invoke plan` says which." in explained.out
    assert "the figures are of cluster.example.yaml" in explained.out
    assert "Here: homelab, 3 nodes" in explained.out


def test_compat_shows_what_concerns_the_cluster(invoke: Invoke) -> None:
    result = invoke("compat")
    assert (result.code, result.err) == (0, "")
    assert "Kubernetes 1.36.3, containerd 2.3.6, Tailscale 1.102.5, Cilium 1.20.2, Helm 4.3.0" in result.out
    assert "pod-identity-marks" in result.out
    assert "firewalld" not in result.out
    assert "firewalld" in invoke("compat", "--all").out


def test_compat_shows_one_whole(invoke: Invoke) -> None:
    out = invoke("compat", "pod-identity-marks").out
    for words in (
        "pod-identity-marks: guarded",
        "5207",
        "mesh_guards.marked_packets",
        "until",
        "cilium/cilium/issues/36104",
    ):
        assert words in out


def test_compat_is_json_for_programs(invoke: Invoke) -> None:
    states = {entry["id"]: entry["state"] for entry in json.loads(invoke("compat", "--json").out)["collisions"]}
    assert states["pod-identity-marks"] == "guarded"


def test_a_render_says_what_collides_and_goes_on(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(MINE + "cilium: {values: {l7Proxy: true}}\n")
    result = invoke("render")
    assert result.code == 0
    assert "warning: Tailscale 1.102.5 breaks what goes through Cilium's proxy" in result.out
    assert "https://github.com/tailscale/tailscale/issues/19796" in result.out
    (tmp_path / "cluster.yaml").write_text(MINE.replace("name: mine", "name: mine, helm_version: 4.2.1"))
    assert invoke("render").code == 4
