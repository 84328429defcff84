"""What nodes say is read, held against their schema, and never trusted with the terminal."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from meshstrap.errors import OutputRefused
from meshstrap.ssh import Answer
from meshstrap.status import parse_status
from meshstrap.steps import catalogue
from meshstrap.views.screen import Screen
from meshstrap.watch import Sight, Watch
from meshstrap.watch.following import AT_ONCE, follow_nodes, read_once
from meshstrap.watch.reading import NO_STATUS, parse_answer
from meshstrap.watch.sight import STATES
from meshstrap.watch.table import change_line, duration, summary, urgent_first, watch_table
from tests.schemas import hold
from tests.status_schema import problems, schema

NOW = datetime(2026, 11, 23, 12, 10, tzinfo=UTC)
CLOCK = "2026-11-23T12:00:30Z"
STATUS: dict[str, Any] = {
    "schema": 1,
    "node": "w1",
    "role": "worker",
    "plan_hash": "0" * 16,
    "state": "waiting",
    "step": "tailnet",
    "tries": 3,
    "message": "no auth key",
    "next": "open https://login.example.net/a/1",
    "started": "2026-11-23T11:58:00Z",
    "updated": "2026-11-23T12:00:20Z",
    "facts": {},
    "steps": [
        {"name": "hostname", "state": "ok", "started": "2026-11-23T11:58:01Z", "seconds": 0},
        {"name": "packages", "state": "changed", "started": "2026-11-23T11:58:02Z", "seconds": 80},
        {"name": "tailnet", "state": "waiting", "started": "2026-11-23T11:59:30Z", "seconds": 50},
        {"name": "join", "state": "pending", "started": "", "seconds": 0},
    ],
}


def status(**changes: object) -> dict[str, Any]:
    return deepcopy(STATUS) | changes


def answered(document: object) -> Sight:
    text = document if isinstance(document, str) else json.dumps(document)
    return parse_answer("w1", Answer(code=0, out=f"{CLOCK}\n{text}", err=""), NOW)


def test_the_example_here_is_a_status_of_the_schema() -> None:
    assert problems(STATUS) == []


def test_a_status_is_read() -> None:
    sight = answered(STATUS)
    assert (sight.state, sight.step, sight.done, sight.steps, sight.tries) == ("waiting", "tailnet", 2, 4, 3)
    assert (sight.message, sight.next) == ("no auth key", "open https://login.example.net/a/1")
    # By the node's clock, ten minutes behind ours.
    assert sight.age == timedelta(seconds=60)
    assert sight.read == NOW


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"state": "converged", "step": "-"}, 10),
        ({"state": "running", "step": "-"}, 150),
        ({"state": "running", "step": "join"}, 150),
        ({"state": "converged", "step": "-", "updated": "2026-11-23T13:00:00Z"}, 0),
    ],
)
def test_since_when_follows_from_the_state(changes: dict[str, str], seconds: int) -> None:
    assert answered(status(**changes)).age == timedelta(seconds=seconds)


def test_every_state_of_the_schema_has_its_place() -> None:
    states = schema()["properties"]["state"]["enum"]
    assert set(states) <= set(STATES)
    for state in states:
        assert answered(status(state=state)).state == state


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "null",
        "not json",
        {},
        status(schema=2),
        status(state="dancing"),
        status(started="yesterday"),
        status(steps=None),
        json.dumps(STATUS)[:200],
    ],
)
def test_anything_else_is_unreadable_and_says_where_to_look(document: object) -> None:
    sight = answered(document)
    assert sight.state == "unreadable"
    assert "--status" in sight.next


def test_a_newer_status_may_say_more() -> None:
    assert answered(status(colour="blue")).state == "waiting"


def test_a_node_cannot_write_to_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e한[red]x"
    sight = answered(status(message=evil, next=evil, step="tailnet", facts={"a": evil}))
    for text in (sight.message, sight.next, *sight.facts.values()):
        assert text == "?]0;owned??[2J??[red]x"
    unreachable = parse_answer("w1", Answer(code=255, out="", err=f"{evil}\n"), NOW)
    assert "\x1b" not in unreachable.message
    out = io.StringIO()
    Console(file=out, width=200).print(watch_table([sight], NOW))
    assert "[red]x" in out.getvalue()
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize(
    ("error", "message", "advice"),
    [
        ("ssh: connect to host w1 port 22: Connection timed out", "Connection timed out", "is it created and booted"),
        ("ssh: Could not resolve hostname w1: Name or service not known", "Could not resolve", "--hosts w1=ADDRESS"),
        ("ubuntu@w1: Permission denied (publickey).", "Permission denied", "take your key"),
        ("@@@\nHost key verification failed.", "Host key verification failed", "ssh-keygen -R w1"),
        (
            "@@@\nHost key for 192.0.2.7 has changed and you have requested it.\nHost key verification failed.",
            "Host key for 192.0.2.7 has changed and you have requested",
            "ssh-keygen -R 192.0.2.7",
        ),
        (
            "Warning: Permanently added 'w1' (ED25519)\nConnection closed by 1.2.3.4",
            "Connection closed",
            "is it created",
        ),
        ("", "did not say why", "is it created"),
    ],
)
def test_an_unreachable_node_is_one_line_with_advice(error: str, message: str, advice: str) -> None:
    sight = parse_answer("w1", Answer(code=255, out="", err=error), NOW)
    assert sight.state == "unreachable"
    assert message in sight.message
    assert advice in sight.next
    assert "\n" not in sight.message + sight.next


def test_a_node_without_a_status_has_not_begun() -> None:
    sight = parse_answer("w1", Answer(code=NO_STATUS, out=f"{CLOCK}\n", err=""), NOW)
    assert sight.state == "no run"
    assert "cloud-init status" in sight.next


def test_the_table_says_all_that_is_asked_for() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(watch_table([answered(STATUS), Sight(node="w2")], NOW + timedelta(minutes=5)))
    row = out.getvalue().splitlines()[2:4]
    assert row[0].split() == ["w1", "waiting", "2/4", "tailnet", "3", "6m", "no", "auth", "key"]
    assert row[1].strip() == "→ open https://login.example.net/a/1"


def table_text(sight: Sight) -> str:
    out = io.StringIO()
    Console(file=out, width=300).print(watch_table([sight], NOW))
    return out.getvalue()


def test_what_ends_within_a_month_is_said_until_it_is_renewed() -> None:
    facts = {
        "ends /etc/kubernetes/pki/apiserver.crt": "2026-12-20T00:00:00Z",
        "ends node-key": "2026-12-01T00:00:00Z",
        "ends /etc/kubernetes/pki/ca.crt": "2036-11-20T00:00:00Z",
        "ends bootstrap-token-abcdef": "2026-11-24T00:00:00Z",
        "ends of the world": "never",
        "tailnet_address": "100.64.0.1",
    }
    sight = answered(status(facts=facts))
    assert sight.soon == {
        "/etc/kubernetes/pki/apiserver.crt": "2026-12-20T00:00:00Z",
        "node-key": "2026-12-01T00:00:00Z",
    }
    said = "ends soon: node-key 2026-12-01, /etc/kubernetes/pki/apiserver.crt 2026-12-20"
    assert change_line(sight).endswith(f"; {said}")
    assert said in table_text(sight)
    assert not sight.says_as(answered(status()))
    assert "ends soon" not in table_text(answered(status())) + change_line(answered(status()))


def test_what_needs_a_person_comes_first() -> None:
    sights = [Sight(node=str(number), state=state) for number, state in enumerate(reversed(STATES))]
    assert [sight.state for sight in urgent_first(sights)] == list(STATES)
    assert summary(sights[:1] * 2 + sights[-1:]) == "1 failed, 2 converged"


def test_a_change_is_one_line() -> None:
    line = change_line(answered(status(message="two\nlines")))
    assert line == (
        "2026-11-23T12:10:00Z w1: waiting tailnet (2/4), try 3: two lines; "
        "what to do: open https://login.example.net/a/1"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h 0m"), (11_100, "3h 5m"), (187_200, "2d 4h")],
)
def test_durations(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


def test_every_step_of_the_catalogue_can_be_at_work() -> None:
    for step in catalogue():
        steps = [{"name": step.name, "state": "running", "started": CLOCK, "seconds": 0}]
        assert parse_status(json.dumps(status(state="running", step=step.name, steps=steps))).step == step.name


class Nodes:
    """Stands for the nodes: what each says, look by look."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.at_once = self.most = 0

    async def read(self, node: str) -> Sight:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        left = self.answers[node]
        return Sight(node=node, state=left.pop(0) if len(left) > 1 else left[0], read=NOW)


def test_all_nodes_are_read_at_once_but_not_too_many() -> None:
    nodes = Nodes(**{f"n{number}": ["running"] for number in range(AT_ONCE * 3)})
    seen: list[Sight] = []
    asyncio.run(read_once([*nodes.answers], nodes.read, seen.append))
    assert len(seen) == AT_ONCE * 3
    assert nodes.most == AT_ONCE


def test_following_ends_when_all_have_converged_and_not_before() -> None:
    nodes = Nodes(
        cp1=["running", "converged"],
        w1=["unreachable", "waiting", "running", "converged"],
        w2=["converged", "running", "failed", "waiting", "converged"],
    )
    seen: list[Sight] = []
    asyncio.run(asyncio.wait_for(follow_nodes([*nodes.answers], nodes.read, seen.append, pause=0.01), 10))
    last = {sight.node: sight.state for sight in seen}
    assert last == dict.fromkeys(("cp1", "w1", "w2"), "converged")
    assert [sight.state for sight in seen if sight.node == "w2"][:4] == ["converged", "running", "failed", "waiting"]


Shown = Callable[..., tuple[Watch, io.StringIO]]


@pytest.fixture
def shown() -> Shown:
    def make(nodes: Nodes, *, terminal: bool = False, width: int = 120) -> tuple[Watch, io.StringIO]:
        out = io.StringIO()
        screen = Screen()
        screen.out = Console(file=out, width=width, force_terminal=terminal, highlight=False, markup=False)
        return Watch(screen, [*nodes.answers], nodes.read, lambda: NOW), out

    return make


def test_a_pipe_gets_a_line_for_each_change(shown: Shown) -> None:
    watch, out = shown(Nodes(cp1=["running", "running", "converged"], w1=["converged"]))
    watch.follow(as_json=False, pause=0.01)
    lines = [line.split(" ", 2)[1:] for line in out.getvalue().splitlines()]
    assert sorted(lines) == [["cp1:", "converged: "], ["cp1:", "running: "], ["w1:", "converged: "]]


def test_programs_get_an_object_a_line_or_a_list(shown: Shown) -> None:
    watch, out = shown(Nodes(cp1=["running", "converged"]))
    watch.follow(as_json=True, pause=0.01)
    for line in out.getvalue().splitlines():
        hold("watch", line)
    assert [json.loads(line)["state"] for line in out.getvalue().splitlines()] == ["running", "converged"]
    watch, out = shown(Nodes(cp1=["running"], w1=["unreachable"]))
    watch.once(as_json=True)
    hold("watch", out.getvalue())
    assert [(item["node"], item["state"]) for item in json.loads(out.getvalue())] == [
        ("cp1", "running"),
        ("w1", "unreachable"),
    ]


def test_json_holds_plain_values() -> None:
    document = json.loads(json.dumps(answered(STATUS).json()))
    assert (document["since"], document["age"], document["read"]) == (
        "2026-11-23T11:59:30Z",
        60,
        "2026-11-23T12:10:00Z",
    )


def test_a_terminal_gets_a_live_table(shown: Shown) -> None:
    watch, out = shown(Nodes(cp1=["running", "converged"]), terminal=True)
    watch.follow(as_json=False, pause=0.01)
    assert "1 converged" in out.getvalue()
    assert "(Ctrl-C ends)" in out.getvalue()


def test_a_narrow_terminal_breaks_no_name(shown: Shown) -> None:
    watch, out = shown(Nodes(**{"control-plane-of-home": ["converged"]}), terminal=True, width=30)
    watch.follow(as_json=False, pause=0.01)
    assert "control-plane-of-home" in out.getvalue()
    assert "converged" in out.getvalue()


@pytest.mark.parametrize("error", [OutputRefused("standard output: No space left on device"), SystemExit(141)])
def test_where_nothing_can_be_said_any_more_all_looking_ends_with_that_error(error: BaseException) -> None:
    nodes = Nodes(cp1=["waiting"], w1=["waiting"])

    def told(_: Sight) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        asyncio.run(asyncio.wait_for(follow_nodes([*nodes.answers], nodes.read, told, pause=60), 30))
    assert caught.value is error
    with pytest.raises(type(error)):
        asyncio.run(read_once([*nodes.answers], nodes.read, told))
