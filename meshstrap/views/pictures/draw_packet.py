"""A packet's way as SVG: each hop with the packet as a bar of headers."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from meshstrap.plan.model import Plan
from meshstrap.views.pictures.canvas import WIDTH, Canvas, text_width
from meshstrap.views.pictures.captions import picture_caption
from meshstrap.views.pictures.packet import Hop, derive_packet_path
from meshstrap.views.pictures.texts import change_text, hop_place, word

_TOP = 24
_HOP_HEIGHT = 80
_BAR_HEIGHT = 26
_LEFT = 24
_RIGHT = WIDTH - 4
_SMALL = 11
_PADDING = 10
_OUTSIDE = ("hop_wire", "hop_internet", "hop_arrives")


def draw_packet(plan: Plan, language: str) -> Element:
    """The hops from top to bottom, each with its packet as a bar of headers."""
    path = derive_packet_path(plan)
    canvas = Canvas(f"packet-{language}", *picture_caption(plan, "packet", language))
    canvas.text(_RIGHT, 14, word("packet_key", language), "soft", size=_SMALL, anchor="end")
    bottom = _TOP + _HOP_HEIGHT * len(path.hops)
    canvas.path(f"M 12 36 V {bottom - _HOP_HEIGHT + 12}", "line")
    for number, (hop, change) in enumerate(zip(path.hops, path.changes(), strict=True)):
        _draw_hop(canvas, hop, change, _TOP + number * _HOP_HEIGHT, language)
    canvas.text(_LEFT, bottom + 2, word("packet_ipv6", language, wire=f"{path.wire_ipv6:,}"), "soft", size=_SMALL)
    return canvas.finish(bottom + 10)


def _draw_hop(canvas: Canvas, hop: Hop, change: int, top: float, language: str) -> None:
    canvas.dot(12, top + 12, "mesh" if hop.key in _OUTSIDE else "node")
    size = word("bytes_of", language, size=f"{hop.packet.size:,}", mtu=f"{hop.mtu:,}")
    if change:
        size = f"{change_text(change, language)} → {size}"
    canvas.text(_LEFT, top + 16, word(hop.key, language), bold=True, width=_RIGHT - _LEFT)
    width = _RIGHT - _LEFT - text_width(size, 12) - _PADDING
    canvas.text(_LEFT, top + 32, hop_place(hop, language), "soft", size=12, width=width)
    canvas.text(_RIGHT, top + 32, size, size=12, anchor="end")
    _draw_bar(canvas, hop, top + 39, language)


def _draw_bar(canvas: Canvas, hop: Hop, top: float, language: str) -> None:
    """The headers as wide as their words, the rest takes what is left: to scale nothing of it could be read."""
    x, end = float(_LEFT), float(_RIGHT)
    for header in hop.packet.headers:
        text = f"{header.name} {header.size}"
        width = text_width(text, _SMALL) + _PADDING
        canvas.box(x, top, width, _BAR_HEIGHT, "lead", rounded=3)
        canvas.text(x + width / 2, top + 17, text, size=_SMALL, anchor="middle")
        x += width + 2
    sealed = hop.packet.inner == "inner_encrypted"
    canvas.box(x, top, end - x, _BAR_HEIGHT, "sealed" if sealed else "data", rounded=3)
    text = f"{word(hop.packet.inner, language)} {hop.packet.inner_size:,}"
    canvas.text((x + end) / 2, top + 17, text, size=_SMALL, anchor="middle", width=end - x - 4)
