"""The questions of ``init``, on a terminal: what no flag has answered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from meshstrap.errors import OutputRefused
from meshstrap.inventory.formats import parse_login_server
from meshstrap.inventory.values import judged, parse_label, whole_number
from meshstrap.views.free_quota import share_of
from meshstrap.views.screen import Screen
from meshstrap.views.starter import CONTROL_PLANE, EXAMPLE_NODES, WORKER, StarterNode

MOST_WORKERS = 99
_CLUSTER = "homelab"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a starter is made of; ``nodes`` empty: the example's."""

    name: str = ""
    login_server: str = ""
    nodes: tuple[StarterNode, ...] = ()
    volumes: tuple[str, ...] = ()

    @property
    def machines(self) -> tuple[StarterNode, ...]:
        """The nodes with their data volumes. ``OutputRefused``: a volume for a node that is none."""
        example = tuple(StarterNode(name=name, role=role, account=account) for name, role, account in EXAMPLE_NODES)
        nodes = self.nodes or (example if self.volumes else ())
        for name in self.volumes:
            if name not in {node.name for node in nodes}:
                raise OutputRefused(f"--volume {name}: is no node of this inventory; nothing was written")
        return tuple(replace(node, volume=node.name in self.volumes) for node in nodes)


def can_ask() -> bool:
    """Whether somebody sits at a terminal, and would see a question. Python has none of the two where it is closed."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def ask_for_the_rest(screen: Screen, given: Answers) -> Answers:
    """The answers with those that were not given. ``OutputRefused``: the answers end before the questions."""
    screen.say("Enter takes what stands in brackets; Ctrl-C ends this, and nothing is written.\n")
    try:
        name = given.name or _ask(screen, "The cluster's name", _CLUSTER, parse_label)
        server = given.login_server or _ask(
            screen, "A Headscale server's URL", "", parse_login_server, "none: Tailscale's own"
        )
        nodes = given.nodes or _ask_nodes(screen)
        volumes = given.volumes or _ask_volumes(screen, [node.name for node in nodes])
    except KeyboardInterrupt:
        # The question's line ends here.
        screen.say()
        raise
    except EOFError:
        screen.say()
        raise OutputRefused("the answers ended before the questions; nothing was written") from None
    screen.say()
    return Answers(name=name, login_server=server, nodes=nodes, volumes=volumes)


def _ask_nodes(screen: Screen) -> tuple[StarterNode, ...]:
    parse_number = whole_number("workers", 0, MOST_WORKERS, "more are written by hand")
    names = [name for name, _, _ in EXAMPLE_NODES]
    accounts = [account for _, _, account in EXAMPLE_NODES]
    workers = int(_ask(screen, f"How many workers, beside the control plane {names[0]}", "2", parse_number))
    nodes: list[StarterNode] = []

    def parse(value: object) -> None:
        account, name = parse_label(value), f"w{len(nodes)}"
        own = [node for node in nodes if node.account == account]
        control_planes = [node.name for node in own if node.role == CONTROL_PLANE]
        share_of(account, [*(node.name for node in own), name], control_planes, 0)

    for number in range(workers + 1):
        name = f"w{number}" if number else names[0]
        usual = accounts[number] if number < len(accounts) else f"account{number + 1}"
        account = _ask(screen, f"A short name for the cloud account of {name}", usual, parse)
        nodes.append(StarterNode(name=name, role=WORKER if number else CONTROL_PLANE, account=account))
    return tuple(nodes)


def _ask_volumes(screen: Screen, names: list[str]) -> tuple[str, ...]:
    def parse(value: object) -> str:
        for name in str(value).replace(",", " ").split():
            if name not in names:
                raise ValueError(f"'{name}' is none of {', '.join(names)}")
        return str(value)

    screen.say(
        "A control plane with a data volume can be pasted where cluster.yaml lists its account's SSH keys, of Ed25519; "
        "else it is launched by command line, or fetches its code."
    )
    wanted = _ask(screen, f"Which of {', '.join(names)} have a data volume of their own", "", parse, "none")
    return tuple(wanted.replace(",", " ").split())


def _ask(screen: Screen, question: str, usual: str, parse: Callable[[object], object], shown: str = "") -> str:
    """One answer that the inventory would take; a wrong one is told why, and asked for again."""
    while True:
        text = input(f"{question} [{shown or usual}]: ").strip() or usual
        try:
            judged(parse, text)
        except ValueError as error:
            screen.say(f"  {error}")
        else:
            return text
