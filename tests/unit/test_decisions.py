"""The decisions: every topic is there, and every figure is one that is derived."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from meshstrap.decisions import (
    Count,
    alternative,
    decision,
    holds,
    load_flowchart,
    load_words,
    node_counts,
    topics,
    walk,
)
from meshstrap.errors import UnknownName
from meshstrap.inventory import alternatives
from meshstrap.inventory.field_types import Routing
from meshstrap.language import LANGUAGES, Text, choose_language
from meshstrap.plan import Plan
from meshstrap.plan.figures import derive_figures, iptables_rules
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan

PROMISED = (
    *("tailscale-on-the-host", "vxlan", "kube-proxy-replacement", "mtu", "devices", "accept-dns", "firewall"),
    *(
        "selinux",
        "secrets",
        "one-control-plane",
        "secure-defaults",
        "volumes",
        "headscale-or-tailscale",
        "iptables-or-ebpf",
        "routing",
    ),
)
# The chapters that the guide announced at its end and never wrote.
NEVER_WRITTEN = ("iptables-or-ebpf", "mtu", "volumes", "headscale-or-tailscale", "firewall", "selinux")

ONE_NODE = "cluster: {name: c}\naccounts: [{name: a}]\nnodes: [{name: cp1, account: a, role: control-plane}]\n"
OTHER = f"""
cluster: {{name: c, selinux: unmanaged, ca_cert_hash: 'sha256:{"0" * 64}'}}
tailnet: {{login_server: https://headscale.example.net, tags: []}}
accounts: [{{name: a, subnet: 10.0.0.0/24}}, {{name: b, subnet: 10.0.1.0/24}}, {{name: unused}}]
nodes:
  - {{name: cp1, account: a, role: control-plane, os: oracle-9}}
  - {{name: w1, account: a, role: worker, os: debian-13}}
  - {{name: w2, account: b, role: worker, os: oracle-10}}
"""


def plans() -> list[Plan]:
    return [example_plan(), plan_of(ONE_NODE), plan_of(OTHER), *(system_plan(system) for system in SYSTEMS)]


def texts_in(value: object, path: str = "") -> Iterator[tuple[str, Text]]:
    """Every text in two languages, with its place."""
    if isinstance(value, Text):
        yield path, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from texts_in(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts_in(item, f"{path}.{name}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from texts_in(item, f"{path}[{index}]")


ALL_TEXTS = [
    *(text for topic in topics() for text in texts_in(decision(topic), topic)),
    *texts_in(load_flowchart(), "flowchart"),
    *texts_in(load_words(), "words"),
]


def test_every_promised_topic_is_there() -> None:
    assert {*PROMISED, *NEVER_WRITTEN} <= set(topics())


@pytest.mark.parametrize("topic", NEVER_WRITTEN)
def test_a_chapter_that_was_promised_says_so(topic: str) -> None:
    said = [paragraph.en for paragraph in decision(topic).context]
    assert any("The guide promised this chapter and did not write it" in text for text in said)


@pytest.mark.parametrize("topic", topics())
def test_a_decision_is_complete(topic: str) -> None:
    wanted = decision(topic)
    for part in ("context", "decision", "here", "refused", "consequences", "evidence", "reconsider", "related"):
        assert getattr(wanted, part), f"{topic} has no {part}"
    links = [paragraph.link for paragraph in wanted.evidence if paragraph.link]
    assert links
    assert len(set(links)) == len(links)
    assert set(wanted.related) <= set(topics()) - {topic}
    assert len({item.id for item in wanted.refused}) == len(wanted.refused)


@pytest.mark.parametrize(("place", "text"), ALL_TEXTS, ids=[place for place, _ in ALL_TEXTS])
def test_a_text_begins_and_ends_with_a_word(place: str, text: Text) -> None:
    assert (text.en, text.ko) == (text.en.strip(), text.ko.strip()), place


@pytest.mark.parametrize("number", range(len(plans())))
def test_every_text_finds_its_figures(number: int) -> None:
    figures = derive_figures(plans()[number])
    for language in LANGUAGES:
        for place, text in ALL_TEXTS:
            if not place.startswith("words."):
                assert "{" not in text.say(language, figures)
    for topic in topics():
        for part in ("context", "here", "evidence"):
            holds(getattr(decision(topic), part), figures)


def references() -> set[str]:
    """Every alternative that an inventory can ask for, and every one that the way refuses."""
    keys = {reference for section in alternatives.KEYS.values() for reference in section.values()}
    values = {reference for _, reference in alternatives.CILIUM_VALUES.values()}
    refused = {
        name for question in load_flowchart().questions for answer in question.answers for name in answer.refused
    }
    return keys | values | set(alternatives.ROUTINGS.values()) | refused


@pytest.mark.parametrize("reference", sorted(references()))
def test_a_refusal_needs_nothing_but_the_number_of_nodes(reference: str) -> None:
    cost = alternative(reference).cost.say("en", node_counts(3))
    assert cost[0].islower() or cost.split()[0] in {"Cilium", "3"}
    assert not cost.endswith(".")


def test_keys_are_written_as_they_are_looked_up() -> None:
    for section in alternatives.KEYS.values():
        assert all(key == key.lower().replace("-", "_") for key in section)


def answers(plan: Plan) -> dict[str, str]:
    return {step.question.id: step.answer.answer.en for step in walk(derive_figures(plan))}


def test_the_way_of_several_accounts_with_the_same_addresses() -> None:
    assert answers(example_plan()) == {
        "one-network": "No",
        "joined": "No",
        "tailscale-place": "On the host, under systemd",
        "coordination": "Tailscale",
        "routing": "VXLAN",
        "services": "Cilium's eBPF",
    }


def test_the_way_of_one_account_says_that_a_tailnet_is_not_needed() -> None:
    way = walk(derive_figures(plan_of(ONE_NODE)))
    assert [step.question.id for step in way[:3]] == ["one-network", "own-network", "tailscale-place"]
    assert "you do not need meshstrap" in way[1].answer.because.en


def test_the_way_of_networks_that_could_be_joined_and_of_headscale() -> None:
    found = answers(plan_of(OTHER))
    assert (found["joined"], found["coordination"]) == ("Perhaps, for a price", "Headscale")
    assert answers(system_plan("debian-12"))["joined"] == "Not known"


@pytest.mark.parametrize("routing", Routing.__metadata__[0].schema["enum"])  # type: ignore[attr-defined]
def test_every_routing_has_its_answer_and_its_price(routing: str) -> None:
    figures = {**derive_figures(example_plan()), "vxlan": False, routing: True}
    question = load_flowchart().named("routing")
    assert holds(question.answers, figures), f"flowchart.yaml has no answer for cilium.routing: {routing}"


def test_every_question_can_be_reached_and_ends() -> None:
    questions = load_flowchart().questions
    following = {answer.next for question in questions for answer in question.answers}
    assert following == {question.id for question in questions[1:]} | {""}
    assert {question.topic for question in questions} <= set(topics())


def test_figures_of_the_example() -> None:
    figures = derive_figures(example_plan())
    wanted = {"nodes": 3, "routes_each": 2, "routes_all": 6, "routes_new": 6, "routes_next": 12, "crossing_pairs": 3}
    wanted |= {"vxlan_overhead": 50, "wireguard_v4": 60, "wire_v4": 1340, "pod_mtu": 1230, "pod_mtu_twice": 1180}
    assert {name: figures[name] for name in wanted} == wanted
    assert figures["shared_subnets"] == "alice 10.0.0.0/24, bob 10.0.0.0/24, carol 10.0.0.0/24"
    assert figures["volume_list"] == "w1 (/dev/oracleoci/oraclevdb, 100 GiB)"


def test_figures_of_others() -> None:
    figures = derive_figures(plan_of(OTHER))
    assert (figures["pairs"], figures["crossing_pairs"], figures["inner_pairs"]) == (3, 2, 1)
    assert (figures["accounts"], figures["peerings"], figures["shared_subnets"]) == (2, 1, "")
    assert (figures["selinux_unmanaged"], figures["selinux_permissive"]) == ("cp1, w2", "")
    assert (figures["debian_nodes"], figures["ubuntu_nodes"]) == ("w1", "")


def test_many_nodes_are_counted_and_not_listed() -> None:
    workers = ", ".join(f"{{name: w{number}, account: a, role: worker}}" for number in range(199))
    figures = derive_figures(plan_of(ONE_NODE.replace("control-plane}]", f"control-plane}}, {workers}]")))
    assert (figures["nodes"], figures["routes_all"]) == (200, 200 * 199)
    assert figures["node_names"] == "cp1, w0, w1, w2, w3, w4, +194"


def test_rules_that_kube_proxy_would_write() -> None:
    assert [iptables_rules(nodes) for nodes in (1, 3, 10)] == [500, 1100, 3200]


def test_a_count_knows_its_noun() -> None:
    assert f"{Count(1):node} {Count(2):node} {Count(0):entry|entries} {Count(3)}" == "1 node 2 nodes 0 entries 3"


@pytest.mark.parametrize(
    ("wanted", "environment", "language"),
    [
        ("", {}, "en"),
        ("ko", {}, "ko"),
        ("en", {"LANG": "ko_KR.UTF-8"}, "en"),
        ("", {"LANG": "ko_KR.UTF-8"}, "ko"),
        ("", {"LANG": "de_DE.UTF-8"}, "en"),
        ("", {"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ("", {"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ("", {"LANG": "en_US.UTF-8", "LANGUAGE": "de:ko:en"}, "ko"),
    ],
)
def test_language(wanted: str, environment: dict[str, str], language: str) -> None:
    assert choose_language(wanted, environment) == language


def test_what_there_is_not_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"'kr' is no language\. Known are: en, ko|did you mean 'ko'"):
        choose_language("kr", {})
    with pytest.raises(UnknownName, match="'vxlam' is no topic; did you mean 'vxlan'"):
        decision("vxlam")
    with pytest.raises(UnknownName, match="did you mean 'kube-proxy-replacement'"):
        decision("kubeproxy")
