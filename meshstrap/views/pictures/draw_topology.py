"""The accounts, their nodes and the tailnet as SVG."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.views.pictures.canvas import WIDTH, Canvas, text_width
from meshstrap.views.pictures.captions import picture_caption
from meshstrap.views.pictures.texts import word
from meshstrap.views.pictures.topology import AccountBox, Topology, derive_topology

_NODE_HEIGHT = 46
_HEAD_HEIGHT = 46
_MORE_HEIGHT = 22
_GAP = 12
_BUS_LEFT = 4
_BUS_WIDTH = 34
_BUS_TOP = 58
_LEFT = 62


def draw_topology(plan: Plan, language: str) -> Element:
    """The tailnet as a bar down the side, and the accounts that hang on it."""
    topology, network = derive_topology(plan), plan.network
    values = {"subnet": network.tailnet_subnet, "mtu": network.underlay_mtu}
    canvas = Canvas(f"topology-{language}", *picture_caption(plan, "topology", language))
    bottom = _BUS_TOP + sum(_height(account) + _GAP for account in topology.accounts) - _GAP
    texts = [word(key, language, **values) for key in ("tailnet", "tailnet_mtu")]
    _draw_tailnet(canvas, topology, texts, bottom, language)
    top = float(_BUS_TOP)
    for account in topology.accounts:
        _draw_account(canvas, account, top, language)
        top += _height(account) + _GAP
    if topology.more:
        canvas.text(_LEFT, top + 8, word("more_accounts", language, count=topology.more), "soft")
    return canvas.finish(top + (_GAP if topology.more else 4 - _GAP))


def _draw_tailnet(canvas: Canvas, topology: Topology, texts: list[str], bottom: float, language: str) -> None:
    """The bar, and above it the server that tells the nodes of each other."""
    middle = _BUS_LEFT + _BUS_WIDTH / 2
    canvas.path(f"M {middle} 32 V {_BUS_TOP}", "line", dashed=True)
    canvas.box(_BUS_LEFT, 4, WIDTH - 2 * _BUS_LEFT, 28, "node")
    server = f"{word('coordination', language)}: {topology.coordination}"
    canvas.text(_BUS_LEFT + 10, 23, server, "soft", width=WIDTH - 28)
    canvas.box(_BUS_LEFT, _BUS_TOP, _BUS_WIDTH, bottom - _BUS_TOP, "mesh", rounded=10)
    length = bottom - _BUS_TOP - 12
    # The longest that fits; the picture's caption has all of it.
    text = next((text for text in texts if text_width(text, 12, bold=True) <= length), texts[-1])
    half = (_BUS_TOP + bottom) / 2
    canvas.text(middle + 4, half, text, bold=True, size=12, anchor="middle", turned=True, width=length)


def _height(account: AccountBox) -> float:
    return _HEAD_HEIGHT + _NODE_HEIGHT * len(account.nodes) + (_MORE_HEIGHT if account.more else 0)


def _draw_account(canvas: Canvas, account: AccountBox, top: float, language: str) -> None:
    width, height = WIDTH - _LEFT - _BUS_LEFT, _height(account)
    canvas.box(_LEFT, top, width, height, "box", rounded=10)
    canvas.text(_LEFT + 12, top + 20, word("account", language, account=account.name), bold=True, width=width - 24)
    canvas.text(_LEFT + 12, top + 37, account.place, "soft", size=12, width=width - 24)
    for index, node in enumerate(account.nodes):
        _draw_node(canvas, node, top + _HEAD_HEIGHT + index * _NODE_HEIGHT, language)
    if account.more:
        canvas.text(_LEFT + 12, top + height - 9, word("more_nodes", language, count=account.more), "soft", size=12)


def _draw_node(canvas: Canvas, node: NodePlan, top: float, language: str) -> None:
    x, width, bus = _LEFT + 10, WIDTH - _LEFT - _BUS_LEFT - 20, _BUS_LEFT + _BUS_WIDTH
    canvas.path(f"M {bus} {top + 19} H {x}", "line")
    canvas.dot(bus, top + 19, "mesh", radius=4)
    canvas.box(x, top, width, _NODE_HEIGHT - 8, "lead" if node.is_control_plane else "node")
    role = word(node.role, language)
    canvas.text(x + 10, top + 17, node.name, bold=True, width=width - 30 - text_width(role, 12))
    canvas.text(x + width - 10, top + 17, role, size=12, anchor="end")
    machine = (
        word("machine", language, ocpus=node.ocpus, memory=node.memory_gib)
        if node.is_instance
        else word("machine_elsewhere", language, cpus=node.cpus, memory=node.memory_gib)
    )
    canvas.text(x + 10, top + 32, f"{node.os} · {machine}", "soft", size=11, width=width - 20)
