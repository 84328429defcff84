"""The tailnet's policy: no more than the mesh uses, each line with its reason, and beside one that is there."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import json5
import pytest

from meshstrap.errors import PolicyInvalid
from meshstrap.plan.policy import derive_policy
from meshstrap.views.policy import policy_difference, policy_text
from tests.golden.cases import example_plan, plan_of

NODES, PEOPLE = ["tag:k8s-node"], ["autogroup:member"]
MESH = ["udp:8472", "tcp:6443", "tcp:10250", "tcp:4240", "icmp:*", "tcp:30000-32767", "udp:30000-32767"]
HEADSCALE = "https://headscale.example.net"
HUBBLE = """
cluster: {name: c}
cilium: {hubble: true}
accounts: [{name: a}]
nodes: [{name: cp1, account: a, role: control-plane}]
"""
EMPTY = '{"tagOwners": {}, "grants": []}'


@pytest.mark.parametrize(("server", "owners"), [("", ["autogroup:admin"]), (HEADSCALE, [])])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_gives_what_the_mesh_uses_and_no_more(server: str, owners: list[str], language: str) -> None:
    plan = replace(example_plan(), login_server=server)
    document = json5.loads(policy_text(plan, language))
    assert document == derive_policy(plan).document
    assert document == {
        "tagOwners": {"tag:k8s-node": owners},
        "grants": [
            {"src": NODES, "dst": NODES, "ip": MESH},
            {"src": PEOPLE, "dst": NODES, "ip": ["tcp:22", "tcp:6443"]},
        ],
    }


def test_hubble_opens_one_port_more() -> None:
    assert {port.ports for port in derive_policy(plan_of(HUBBLE)).grants[0].ports} - {*MESH} == {"tcp:4244"}


def test_every_line_has_its_reason() -> None:
    ports = [line for line in policy_text(example_plan()).splitlines() if line.startswith('        "')]
    assert len(ports) == len(MESH) + 2
    assert all(line.partition(" // ")[2] for line in ports)


def test_a_policy_without_anything_of_ours_is_shown_all_of_it() -> None:
    shown = policy_difference(example_plan(), EMPTY, "policy.hujson")
    added = [line[1:].strip() for line in shown.splitlines() if line.startswith("+ ")]
    assert '"udp:8472",' in added
    assert shown.startswith("--- policy.hujson\n+++ policy.hujson, with what homelab needs")


def test_what_is_there_already_is_left_alone_and_what_covers_ours_is_enough() -> None:
    plan = example_plan()
    own = """{
      // who may
      "tagOwners": {"tag:k8s-node": ["group:ops"], "tag:other": []},
      "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]},],
    }"""
    assert policy_difference(plan, own, "p") == ""
    assert policy_difference(plan, policy_text(plan), "p") == ""
    narrower = own.replace('"ip": ["*"]', '"ip": ["tcp:443"]')
    shown = policy_difference(plan, narrower, "p")
    assert "-" not in {line[:1] for line in shown.splitlines()[2:]}
    assert '"group:ops"' not in [line for line in shown.splitlines() if line.startswith("+")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n", "is no policy: line 2, column 1: Unexpected end of input"),
        ("", "is no policy: it is empty"),
        ("[" * 5000, "is no policy: maximum recursion depth exceeded"),
        ("[]", "it has to be an object, {…}, in a tailnet's policy"),
        ('{"tagOwners": []}', "tagOwners has to be an object, {…}, in"),
        ('{"grants": [{"src": "*"}]}', "grants.0.src has to be a list, […], in"),
        ('{"acls": null}', "acls has to be a list, […], in"),
        ('{"autoApprovers": {"routes": {"10.0.0.0/8": "tag:a"}}}', "autoApprovers.routes.10.0.0.0/8 has to be a list"),
    ],
)
def test_what_is_no_policy_is_refused_by_its_name_and_place(text: str, said: str) -> None:
    with pytest.raises(PolicyInvalid, match=rf"^mine\.hujson: {re.escape(said)}.*; nothing was compared$"):
        policy_difference(example_plan(), text, "mine.hujson")


def test_a_policy_from_before_grants_that_allows_everything_lacks_the_tags_owner_only() -> None:
    own = '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}'
    shown = policy_difference(example_plan(), own, "p")
    assert '+  "tagOwners": {' in shown
    assert "grants" not in shown


def test_a_policy_that_nothing_is_missing_from_may_have_sections_that_we_do_not_know() -> None:
    own = json.dumps({"acls": [], "ssh": [], **derive_policy(example_plan()).document})
    assert policy_difference(example_plan(), own, "p") == ""
