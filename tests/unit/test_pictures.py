"""The pictures say what the plan says; what Mermaid and a browser make of them is for tests/page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from meshstrap.plan import network as arithmetic
from meshstrap.plan.machines import CONTROL_PLANE, WORKER
from meshstrap.steps import catalogue
from meshstrap.views.pictures import PICTURES, mermaid_picture, picture_files, pictures_markdown, svg_picture
from meshstrap.views.pictures.boot import PHASES, WAITS, derive_boot_order, phase_of
from meshstrap.views.pictures.canvas import shorten, text_width
from meshstrap.views.pictures.packet import derive_packet_path
from meshstrap.views.pictures.topology import ACCOUNTS_DRAWN, derive_topology
from tests.bench.made_up import inventory_text
from tests.golden.cases import example_plan, plan_of, system_plan
from tests.hostile import BREAKING_OUT, hostile_plan

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "steps"
SVG = "{http://www.w3.org/2000/svg}"
ALONE = "cluster: {name: alone}\naccounts: [{name: a}]\nnodes: [{name: cp1, account: a, role: control-plane}]\n"
# A quoted label, or a word that Mermaid gives a meaning to, and nothing else outside of labels.
MERMAID_LINE = re.compile(
    r"flowchart TB|timeline|  title [^:]+|  section [^:]+|  end"
    r'|    [^:]+( : [^:]+)+|  subgraph \w+\["[^"]*"\]|  tailnet\(\["[^"]*"\]\)|  tailnet <--> \w+'
    r'|\s+\w+\["[^"]*"\]( -\.- tailnet)?|  hop\d -->\|"[^"]*"\| hop\d'
)


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - it was written just now, by the code under test


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parse(svg).iter(f"{SVG}text")]


def test_the_packet_grows_and_shrinks_as_the_arithmetic_says() -> None:
    plan = example_plan()
    path = derive_packet_path(plan)
    sizes = [hop.packet.size for hop in path.hops]
    assert sizes == [1230, 1280, 1280, 1340, 1340, 1340, 1280, 1280, 1230]
    assert path.changes() == (0, 50, 0, 60, 0, 0, -60, 0, -50)
    assert sizes[0] == plan.network.pod_mtu
    assert sizes[1] - sizes[0] == plan.network.vxlan_overhead
    assert sizes[3] == arithmetic.wire_size(plan.network.underlay_mtu)
    assert path.wire_ipv6 == 1360
    assert path.hops[0].packet.inner_size == arithmetic.tcp_segment(plan.network.pod_mtu)
    assert all(hop.packet.size <= hop.mtu for hop in path.hops)
    assert [hop.mtu for hop in path.hops] == [1230, 1280, 1280, 9000, 1500, 9000, 1280, 1280, 1230]


def test_the_packet_crosses_accounts_when_there_are_several() -> None:
    two_in_one = ALONE.replace("[{name: a}]", "[{name: a}, {name: b}]").replace(
        "control-plane}]",
        "control-plane}, {name: w1, account: a, role: worker}, {name: w2, account: b, role: worker}]",
    )
    receiver = derive_packet_path(plan_of(two_in_one)).receiver
    assert receiver is not None
    assert receiver.name == "w2"
    alone = derive_packet_path(plan_of(ALONE))
    assert alone.receiver is None
    assert "another node" in mermaid_picture(plan_of(ALONE), "packet", "en")


def test_every_step_has_its_place_in_the_boot_order() -> None:
    order = derive_boot_order(example_plan())
    assert [step.name for step in order.steps] == [
        step.name for step in catalogue() if any(step.name in node.steps for node in example_plan().nodes)
    ]
    roles = {step.name: step.roles for step in order.steps}
    assert roles["control_plane"] == (CONTROL_PLANE,)
    assert roles["join"] == (WORKER,)
    assert roles["tailnet"] == (CONTROL_PLANE, WORKER)
    assert [phase_of(step.name) for step in catalogue()] == sorted(
        (phase_of(step.name) for step in catalogue()), key=list(PHASES).index
    )
    assert set(PHASES.values()) <= {step.name for step in catalogue()}


def test_what_waits_in_the_picture_waits_in_the_script() -> None:
    for step in WAITS:
        assert re.search(r"\b(await|waiting) ", (SCRIPTS / step / "step.sh").read_text()), step
    assert all(wait.step in {"", *(step.name for step in catalogue())} for wait in WAITS.values())


def test_a_step_of_some_nodes_is_marked() -> None:
    steps = {step.name: step for step in derive_boot_order(plan_of(inventory_text(12))).steps}
    assert steps["block_volume"].partial == (WORKER,)
    assert steps["selinux"].roles == (WORKER,)
    assert steps["tailnet"].partial == ()


def test_many_accounts_are_counted_not_drawn() -> None:
    plan = plan_of(inventory_text(300))
    topology = derive_topology(plan)
    assert (len(topology.accounts), topology.more) == (ACCOUNTS_DRAWN, 300 - ACCOUNTS_DRAWN)
    assert "and 288 more accounts" in texts(svg_picture(plan, "topology", "en"))
    one_more = derive_topology(plan_of(inventory_text(ACCOUNTS_DRAWN + 1)))
    assert (len(one_more.accounts), one_more.more) == (ACCOUNTS_DRAWN + 1, 0), "no picture says 'and 1 more accounts'"
    assert len(svg_picture(plan, "topology", "en")) < 20_000


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_xml_with_a_title_and_no_reference_to_anywhere(name: str, language: str) -> None:
    svg = svg_picture(example_plan(), name, language)
    root = parse(svg)
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "circle", "path", "text")
    }
    assert not re.search(r"href|url\(|@import|style=", svg)
    assert "cp1" in " ".join(texts(svg))


@pytest.mark.parametrize("word", BREAKING_OUT)
@pytest.mark.parametrize("name", PICTURES)
def test_a_name_is_text_in_svg(name: str, word: str) -> None:
    good, bad = (parse(svg_picture(plan, name, "en")) for plan in (example_plan(), hostile_plan(word)))

    def shape(root: ET.Element) -> list[tuple[str, list[str]]]:
        return [(element.tag, sorted(element.attrib)) for element in root.iter() if element.tag != f"{SVG}title"]

    assert shape(good) == shape(bad)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("word", ["example", *BREAKING_OUT])
@pytest.mark.parametrize("name", PICTURES)
def test_mermaid_has_no_line_but_ours(name: str, word: str, language: str) -> None:
    plan = example_plan() if word == "example" else hostile_plan(word)
    lines = mermaid_picture(plan, name, language).splitlines()
    assert [line for line in lines if not MERMAID_LINE.fullmatch(line)] == []
    assert len(lines) == len(mermaid_picture(example_plan(), name, language).splitlines())


@pytest.mark.parametrize("system", ["ubuntu-24.04", "oracle-10"])
def test_both_forms_name_the_same_steps(system: str) -> None:
    plan = system_plan(system)
    for text in (mermaid_picture(plan, "boot", "en"), svg_picture(plan, "boot", "en")):
        for step in {step for node in plan.nodes for step in node.steps}:
            assert re.search(rf"\b{step}\b", text)


def test_drawing_twice_gives_the_same_bytes() -> None:
    assert picture_files(example_plan(), "ko") == picture_files(replace(example_plan()), "ko")


def test_markdown_holds_every_picture() -> None:
    assert pictures_markdown(example_plan(), "en").count("```mermaid\n") == len(PICTURES)


def test_a_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert shorten("short", 100, 13) == "short"
    cut = shorten("a-very-long-name-of-a-node", 100, 13)
    assert cut.endswith("…")
    assert text_width(cut, 13) <= 100
    assert shorten("파드", 20, 13) == "…"
    assert text_width("파드", 10) == 20
