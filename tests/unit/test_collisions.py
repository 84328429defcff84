"""The compatibility profile: each known collision has its form, is kept away by what is rendered, and is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given, settings

from meshstrap import compat
from meshstrap.compat.data import PARTS, KnownCollision, load_collisions, load_data
from meshstrap.compat.profile import ELSEWHERE, GUARDED, NOTED, OVERRIDDEN, WARNED
from meshstrap.compat.ranges import in_range
from meshstrap.errors import UnknownName
from meshstrap.inventory import parse_inventory
from meshstrap.plan import Plan, derive_plan
from meshstrap.rendering import render_documents, render_script
from meshstrap.rendering.documents import render_unit
from meshstrap.rendering.guards import holds, judge_guards
from meshstrap.verify.catalogue import checks
from meshstrap.views.compat import collision_named, profile_json
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan

ENTRIES = load_collisions()
HEADSCALE = """
cluster: {name: c}
tailnet: {login_server: https://headscale.example.net}
accounts: [{name: a}]
nodes: [{name: cp1, account: a, role: control-plane}, {name: w1, account: a, role: worker}]
"""
OLDER = f"""{HEADSCALE}
cilium: {{version: 1.20.0}}
sources: {{cilium_chart: {{url: 'https://mirror.example.net/c.tgz', sha256: {"0" * 64}}}}}
"""


def by_id(entry: KnownCollision) -> str:
    return entry.id


@cache
def plans() -> tuple[Plan, ...]:
    """Between them every collision that something is rendered against."""
    routed = plan_of(f"{HEADSCALE}cilium: {{routing: tailnet}}\n")
    return (example_plan(), plan_of(HEADSCALE), plan_of(OLDER), routed, *(system_plan(system) for system in SYSTEMS))


@cache
def rendered(number: int, node: str) -> dict[str, str]:
    """Everything that a node of the plan of that number gets, by the names that the data uses."""
    plan = plans()[number]
    wanted = plan.node(node)
    documents = {document.name: document.text for document in render_documents(plan, wanted)}
    unit = {"meshstrap.service": render_unit(plan, wanted)}
    return {**documents, **unit, "bootstrap.sh": render_script(plan, wanted).text}


def test_names_are_unique_and_no_part_of_the_command_line() -> None:
    names = [entry.id for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert not any(name.startswith("-") for name in names)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_id)
def test_an_entry_has_its_form(entry: KnownCollision) -> None:
    for part in PARTS:
        in_range("1.2.3", getattr(entry.when, part))
    assert set(entry.when.systems) <= set(load_data().systems)
    for text in (entry.symptom, entry.why, entry.what_to_do, entry.until):
        assert text == text.strip()
        assert not text.endswith(".")
    assert bool(entry.what_to_do) == (entry.severity != "guard")
    assert entry.guards or entry.severity != "guard"
    assert entry.check or entry.severity == "note"
    assert all(link.startswith("https://") for link in (entry.link, *entry.more))
    placeholders = set(re.findall(r"{(\w+)}", entry.symptom + entry.why + entry.what_to_do))
    assert placeholders <= {*entry.when.parts, "values", "subnets", "failCgroupV1"}


def holding(entry: KnownCollision) -> Iterator[tuple[int, compat.Collision]]:
    """The plans in which the entry's guards stand: wherever no value of the person's own has set them aside."""
    set_aside = bool(entry.when.waived or entry.when.cilium_values)
    for number, plan in enumerate(plans()):
        found = collision_named(plan, entry.id)
        if found.state == GUARDED or (found.state == WARNED and not set_aside):
            yield number, found


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.guards], ids=by_id)
def test_what_keeps_a_collision_away_is_rendered(entry: KnownCollision) -> None:
    seen = set()
    for number, found in holding(entry):
        for guard, wanted in zip(entry.guards, found.rendered, strict=True):
            for node in map(plans()[number].node, found.nodes):
                texts = rendered(number, node.name)
                if wanted.role in {"", node.role} and wanted.document in texts:
                    assert holds(wanted, texts[wanted.document]), f"{node.os} {node.name}: {wanted}"
                    seen.add(guard)
    assert seen == set(entry.guards), "a guard that no node has is none"


def test_every_check_that_the_data_names_is_one_of_the_verification() -> None:
    known = {check.id for check in checks(whole=True)}
    lacking = {entry.check: entry.id for entry in ENTRIES if entry.check and entry.check not in known}
    lines = "\n".join(f"{check} (named by {name})" for check, name in sorted(lacking.items()))
    assert not lacking, f"meshstrap/compat/collisions/ names checks that nobody makes:\n{lines}"


def states(plan: Plan) -> dict[str, str]:
    return {entry.id: entry.state for entry in plan.collisions}


def test_states_follow_the_inventory() -> None:
    found = states(example_plan())
    assert found["pod-identity-marks"] == GUARDED
    assert found["tailscale-l7-proxy"] == GUARDED
    assert found["vxlan-throughput"] == NOTED
    assert found["volume-late"] == GUARDED
    assert found["helm-3"] == found["firewalld"] == found["headscale-tags"] == ELSEWHERE
    assert states(system_plan("oracle-9"))["firewalld"] == GUARDED
    assert states(system_plan("oracle-9"))["package-lock"] == ELSEWHERE
    assert states(system_plan("debian-12"))["volume-late"] == ELSEWHERE
    assert states(plan_of(HEADSCALE))["headscale-tags"] == GUARDED


def test_a_value_of_one_s_own_turns_a_guard_into_a_warning() -> None:
    plan = plan_of(HEADSCALE + "cilium: {values: {l7Proxy: true, devices: enp0s6}}\n")
    assert states(plan)["tailscale-l7-proxy"] == states(plan)["cilium-devices"] == WARNED
    warned = [compat.warning(entry) for entry in plan.collisions if entry.state == WARNED]
    assert [*plan.warnings[: len(warned)]] == warned
    quiet = plan_of(HEADSCALE + "cilium: {values: {l7Proxy: false, devices: ''}}\n")
    assert states(quiet)["tailscale-l7-proxy"] == states(quiet)["cilium-devices"] == GUARDED


ADDRESSES = "100.64.0.0/10"
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "nodePort": st.fixed_dictionaries(
            {}, optional={"addresses": st.lists(st.sampled_from([ADDRESSES, "0.0.0.0/0"])), "range": st.just("1,2")}
        ),
        "operator": st.fixed_dictionaries({}, optional={"replicas": st.integers(0, 2), "enabled": st.booleans()}),
        "debug": st.fixed_dictionaries({"enabled": st.booleans()}),
    },
)


@given(values=VALUES)
@settings(max_examples=25, deadline=None)
def test_a_guard_is_one_only_while_its_values_stand(values: dict[str, Any]) -> None:
    plan = judge_guards(plan_of(HEADSCALE + yaml.safe_dump({"cilium": {"values": values}})))
    addresses = values.get("nodePort", {}).get("addresses", [ADDRESSES])
    replicas = values.get("operator", {}).get("replicas", 1)
    expected = {"node-ports-in-public": addresses == [ADDRESSES], "cilium-operator-replicas": replicas == 1}
    assert {name: states(plan)[name] == GUARDED for name in expected} == expected
    lost = {name for name, state in states(plan).items() if state == OVERRIDDEN}
    assert lost == {name for name, holds_still in expected.items() if not holds_still}
    assert len([line for line in plan.warnings if "by values of your own" in line]) == len(lost)


def test_a_guard_that_a_value_takes_away_is_said_with_the_value_s_place() -> None:
    plan = judge_guards(
        plan_of(HEADSCALE + f"cilium: {{values: {{nodePort: {{addresses: [{ADDRESSES}, 0.0.0.0/0]}}}}}}\n")
    )
    found = collision_named(plan, "node-ports-in-public")
    assert found.state == OVERRIDDEN
    assert "cilium-values.yaml no longer holds nodePort.addresses: [100.64.0.0/10]" in found.why
    assert found.what_to_do.startswith("take cilium.values.nodePort.addresses out of the inventory")
    assert compat.warning(found) == plan.warnings[0]


def test_a_newer_version_is_an_entry_of_its_own() -> None:
    inventory = parse_inventory(HEADSCALE.replace("name: c}", "name: c, kubernetes_version: 1.99.0}"), "f")
    plan = derive_plan(inventory)
    newer = collision_named(plan, "kubernetes-newer")
    assert (newer.state, newer.affected) == (WARNED, ("Kubernetes >1.37",))


def test_words_are_filled_where_a_collision_concerns_the_cluster_and_general_where_not() -> None:
    plan = example_plan()
    for entry in plan.collisions:
        shown = entry.symptom + entry.why + entry.what_to_do + "".join(item.text for item in entry.rendered)
        assert not re.search(r"{(?!failCgroupV1)\w+}", shown), entry.id
    assert "Tailscale 1.102.5 breaks" in collision_named(plan, "tailscale-l7-proxy").symptom
    assert "Helm <4 is too old" in collision_named(plan, "helm-3").symptom
    assert "IPAddressDeny=10.244.0.0/16" in collision_named(plan, "pod-addresses-as-endpoints").rendered[0].text


def test_json_has_every_collision_with_everything_known_of_it() -> None:
    document = json.loads(profile_json(example_plan()))
    assert document["versions"]["kubernetes"] == "1.36.3"
    assert [entry["id"] for entry in document["collisions"]] == [entry.id for entry in ENTRIES]
    assert set(document["collisions"][0]) >= {"state", "affected", "symptom", "links", "rendered", "check", "until"}


def test_an_unknown_collision_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UnknownName, match="'pod-identity-mark' is no known collision; did you mean 'pod-identity-mark"):
        collision_named(example_plan(), "pod-identity-mark")
