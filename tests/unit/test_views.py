from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from meshstrap.inventory import parse_inventory
from meshstrap.output import Report
from meshstrap.pipeline import load_plan
from meshstrap.plan import Plan
from meshstrap.rendering.userdata import Fetching, UserData
from meshstrap.views.json import plan_json
from meshstrap.views.result import RenderedNode, show_next, show_result, too_large
from meshstrap.views.screen import Screen
from meshstrap.views.starter import StarterNode, parse_starter_node, starter_inventory
from meshstrap.views.tables import new_table, plan_sections, some_names

EXAMPLE = Path(__file__).resolve().parents[2] / "cluster.example.yaml"


SIZES = UserData(
    text="", b64="", script=40_000, compressed=11_000, encoded=13_453, pasted=28_000, packed=15_000, tokens_left_out=0
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(EXAMPLE)


@pytest.fixture
def screen() -> Callable[[int | None], tuple[Screen, io.StringIO]]:
    """A screen that is a terminal of so many columns, or a pipe."""

    def make(columns: int | None) -> tuple[Screen, io.StringIO]:
        text = io.StringIO()
        made = Screen()
        if columns:
            made.out = Console(file=text, width=columns, force_terminal=True, no_color=True, highlight=False)
        else:
            made.out = Console(file=text, width=2000, force_terminal=False, highlight=False)
        return made, text

    return make


ScreenMaker = Callable[[int | None], tuple[Screen, io.StringIO]]


def test_json_holds_the_whole_plan(plan: Plan) -> None:
    document = json.loads(plan_json(plan))
    assert document["network"]["pod_subnet"] == "10.244.0.0/16"
    assert document["network"]["pod_mtu"] == 1230
    assert [node["name"] for node in document["nodes"]] == ["cp1", "w1", "w2"]
    assert set(document) == set(vars(plan))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(plan: Plan, screen: ScreenMaker, columns: int) -> None:
    made, text = screen(columns)
    for title, table in plan_sections(plan):
        made.show(table, title)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text.getvalue()).splitlines()
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("columns", [40, 80])
def test_a_narrow_terminal_breaks_no_word_of_the_plan(plan: Plan, screen: ScreenMaker, columns: int) -> None:
    made, text = screen(columns)
    for title, table in plan_sections(plan):
        made.show(table, title)
    found = re.sub(r"\x1b\[[0-9;]*m", "", text.getvalue())
    for word in ("tailscaled_deny", "k8s-api.internal:6443", "VM.Standard.A1.Flex", "control-plane", "tcp:30000-32767"):
        assert word in found, word
    assert "\ncp1" in found
    labels = Table.grid()
    labels.add_row("- ", "a-word-that-is-longer-than-any-terminal-of-a-person-whom-this-project-has-met" * 2)
    assert made.fitted(labels) is labels


def test_piped_lines_are_whole_and_have_no_blanks_at_their_end(plan: Plan, screen: ScreenMaker) -> None:
    made, text = screen(None)
    for title, table in plan_sections(plan):
        made.show(table, title)
    lines = text.getvalue().splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert any(line.startswith("cp1") and "cluster_policies kubeconfig node_ready" in line for line in lines)
    assert "\x1b" not in text.getvalue()


def test_the_plan_says_why(plan: Plan, screen: ScreenMaker) -> None:
    made, text = screen(None)
    for title, table in plan_sections(plan):
        made.show(table, title)
    shown = text.getvalue()
    for words in ("1280 - 50", "10.244.0.0/16", "2 of 2", plan.versions.kubernetes, "Derived, and why"):
        assert words in shown


def test_square_brackets_are_not_taken_for_markup() -> None:
    made = Screen()
    table = new_table("what")
    table.add_row("[red]x[/red] nodes[0]")
    with made.recorded(wanted=True) as text:
        made.show(table)
        made.say("tags: [tag:x]")
    assert text.getvalue() == "what\n─────────────────────\n[red]x[/red] nodes[0]\ntags: [tag:x]\n"


def test_result_shows_sizes_limits_and_what_is_missing(plan: Plan, screen: ScreenMaker) -> None:
    made, text = screen(None)
    rows = [
        RenderedNode(
            node=plan.nodes[0],
            state="created",
            sizes=replace(
                SIZES,
                pasted=33_000,
                tokens_left_out=7,
                fetching=Fetching(pasted=17_000, packed=9_000, fits_pasted=True),
            ),
            missing=["no auth key"],
        ),
        RenderedNode(node=plan.nodes[1], state="unchanged", sizes=SIZES, missing=["no auth key"]),
    ]
    show_result(
        made,
        "out",
        rows,
        Report(created=("cp1", "w1"), changed=(), unchanged=(), removed=(), stale=("w9",), files=()),
        limit=32_000,
        page="created",
    )
    show_next(made, "out", example=False)
    shown = text.getvalue()
    first, second = (line.split() for line in shown.splitlines()[2:4])
    assert first == ["cp1", "control-plane", "alice", "18", "40000", "11000", "13453", "no", "47%", "created"]
    assert second[-3:] == ["88%", "47%", "unchanged"]
    ways = "give the cloud user-data.b64 (CLI, Terraform): 47%; or set sources.code in cluster.yaml"
    assert too_large(rows, 32_000) == f"cp1: too large to paste; {ways}: user-data.yaml then takes 54%"
    assert too_large(rows[1:], 32_000) == ""
    # A key of Ed25519 saves 640 bytes, which is too little here, and enough there.
    assert too_large(rows, 32_000, ["alice"]) == too_large(rows, 32_000)
    little = [replace(rows[0], sizes=replace(rows[0].sizes, pasted=32_100))]
    listed = "cp1: too large to paste; list the SSH keys of its account in cluster.yaml: with one of Ed25519 it can"
    assert too_large(little, 32_000, ["alice"]).startswith(listed)
    assert "SSH keys" not in too_large(little, 32_000, ["bob"])
    there = "umask 077; cat >/etc/meshstrap/secrets/bootstrap_tokens && systemctl restart meshstrap"
    assert "cp1: 7 bootstrap tokens do not fit; once it has booted, on this computer:" in shown
    assert f"""  ssh ubuntu@cp1 "sudo sh -c '{there}'" <out/cp1/bootstrap_tokens""" in shown
    assert "cp1, w1: no auth key" in shown
    assert "w9: stale: no node of the inventory; `invoke render --prune` removes it" in shown
    assert "out/: 2 created, 1 stale; index.html created" in shown
    assert "out/NODE/user-data.yaml that you paste" in shown


def test_many_names_are_cut_short() -> None:
    assert some_names(["a", "b"]) == "a, b"
    assert some_names([f"n{number}" for number in range(1000)]) == "n0, n1, n2, n3, n4, 995 more"


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_breaks_no_cell_of_the_result(plan: Plan, screen: ScreenMaker, columns: int) -> None:
    made, text = screen(columns)
    rows = [RenderedNode(node=node, state="unchanged", sizes=SIZES, missing=[]) for node in plan.nodes]
    written = Report(created=(), changed=(), unchanged=("cp1", "w1"), removed=(), stale=(), files=())
    show_result(made, "out", rows, written, limit=32_000, page="unchanged")
    plain = text.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert plain[0].split() == ["node", "yaml", "b64", "files"]
    assert [line.split() for line in plain[2:4]] == [
        ["cp1", "88%", "47%", "unchanged"],
        ["w1", "88%", "47%", "unchanged"],
    ]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("cp1:control-plane:alice", StarterNode(name="cp1", role="control-plane", account="alice")),
        ("w1:worker:bob:debian-13", StarterNode(name="w1", role="worker", account="bob", os="debian-13")),
        ("w1:worker", None),
        ("w1::bob", None),
        ("a:b:c:d:e", None),
        ("", None),
    ],
)
def test_an_answer_is_read_or_not(text: str, node: StarterNode | None) -> None:
    assert parse_starter_node(text) == node


def test_a_starter_without_answers_is_the_example() -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    text = starter_inventory(example, name="", nodes=[], login_server="")
    # But for its keys, which are made up, and for its data volume, which nobody has asked for.
    own = example.replace(example[example.index("    ssh_auth") : example.index("  - name: bob")], "")
    own = own.replace("    block_volume:", "    # block_volume:")
    assert parse_inventory(text, "x") == parse_inventory(own, "x")
    assert text.startswith("# yaml-language-server: $schema=./cluster.schema.json\n")


def test_a_starter_holds_the_answers() -> None:
    nodes = [
        StarterNode(name="boss", role="control-plane", account="no"),
        StarterNode(name="w1", role="worker", account="bob", os="oracle-10"),
        StarterNode(name="w2", role="worker", account="bob"),
    ]
    text = starter_inventory(EXAMPLE.read_text(), name="yes", nodes=nodes, login_server="https://head.example.net:8080")
    inventory = parse_inventory(text, "x")
    assert inventory.cluster.name == "yes"
    assert inventory.tailnet.login_server == "https://head.example.net:8080"
    assert [(node.name, node.role, node.account) for node in inventory.nodes] == [
        ("boss", "control-plane", "no"),
        ("w1", "worker", "bob"),
        ("w2", "worker", "bob"),
    ]
    assert str(inventory.nodes[1].os) == "oracle-10"
    assert [account.name for account in inventory.accounts] == ["no", "bob"]


def test_the_nodes_of_one_account_share_its_quota_which_stays() -> None:
    nodes = [
        StarterNode(name="cp1", role="control-plane", account="a"),
        StarterNode(name="w1", role="worker", account="b", volume=True),
        StarterNode(name="w2", role="worker", account="b", volume=True),
    ]
    inventory = parse_inventory(starter_inventory(EXAMPLE.read_text(), name="x", nodes=nodes, login_server=""), "x")
    assert [(node.ocpus, node.memory_gib) for node in inventory.nodes] == [(2, 12), (1, 6), (1, 6)]
    assert [node.block_volume.size_gib for node in inventory.nodes if node.block_volume] == [50, 50]
    quotas = [account.quota for account in inventory.accounts]
    assert [(quota.ocpus, quota.memory_gib, quota.storage_gib) for quota in quotas if quota] == [(2, 12, 200)] * 2


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (
            ["control-plane", "worker"],
            "n0, a control plane, needs both OCPUs; put the others into accounts of their own",
        ),
        (["worker"] * 3, "too little for 3 nodes; put the others into accounts of their own"),
    ],
)
def test_more_than_a_free_account_has_is_refused_with_a_way_out(roles: list[str], message: str) -> None:
    nodes = [StarterNode(name=f"n{number}", role=role, account="a") for number, role in enumerate(roles)]
    with pytest.raises(ValueError, match=message):
        starter_inventory(EXAMPLE.read_text(), name="x", nodes=nodes, login_server="")


def test_an_answer_cannot_add_keys_to_the_file() -> None:
    text = starter_inventory(EXAMPLE.read_text(), name="x\n  kubernetes_version: 1.0.0 # ", nodes=[], login_server="")
    assert '  name: "x\\n  kubernetes_version: 1.0.0 # "\n' in text


def test_a_changed_example_is_a_bug_that_shows() -> None:
    with pytest.raises(LookupError, match="the example no longer has a line"):
        starter_inventory("cluster: {}\n", name="x", nodes=[], login_server="")
